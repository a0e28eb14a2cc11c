"""HTTP in production: served by granian, which carries several times what Django carries under ASGI."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthhub.config.settings")
application = get_wsgi_application()
# Loads every view now: the first reading after a start should not wait for it.
_ = get_resolver().url_patterns
