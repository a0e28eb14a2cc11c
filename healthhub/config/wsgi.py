"""HTTP in production: served by granian, which carries several times what Django carries under ASGI."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthhub.config.settings")
pages = get_wsgi_application()  # sets Django up: what follows reads its settings

from healthhub.config.lanes import Lanes  # noqa: E402

application = Lanes()
