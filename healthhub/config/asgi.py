"""The ASGI entry: sockets, and HTTP beside them where one process serves both (the demo)."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthhub.config.settings")
pages = get_asgi_application()  # sets Django up: what follows may import models

from channels.routing import ProtocolTypeRouter  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from healthhub.config.sockets import DOORS  # noqa: E402
from healthhub.live.consumers import Sockets  # noqa: E402

application = ProtocolTypeRouter({"http": pages, "websocket": Sockets(DOORS)})
# Loads every view now: the first visitor should not wait for it.
_ = get_resolver().url_patterns
