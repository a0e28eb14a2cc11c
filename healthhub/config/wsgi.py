"""HTTP in production: served by granian, which carries several times what Django carries under ASGI."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthhub.config.settings")
application = get_wsgi_application()
