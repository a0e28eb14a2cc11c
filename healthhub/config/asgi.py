"""The ASGI entry: sockets, and HTTP beside them where one process serves both (the demo)."""

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthhub.config.settings")
pages = get_asgi_application()  # sets Django up: what follows may import models

from channels.routing import ProtocolTypeRouter  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from healthhub.config.followers import TIDINGS  # noqa: E402
from healthhub.config.listeners import ASKING  # noqa: E402
from healthhub.config.sockets import DOORS  # noqa: E402
from healthhub.live.consumers import Sockets  # noqa: E402
from healthhub.live.nightscout import Followers  # noqa: E402
from healthhub.live.subscriptions import Listeners  # noqa: E402

sockets = Sockets(DOORS)
followers = Followers(sockets.hub, TIDINGS)
listeners = Listeners(sockets, ASKING)


async def http(scope: Any, receive: Any, send: Any) -> None:
    """This function will serve pages, and socket.io where it polls."""
    await (followers.handle if followers.belongs(scope["path"]) else pages)(scope, receive, send)


async def websocket(scope: Any, receive: Any, send: Any) -> None:
    """This function will serve our own sockets, socket.io's and those of FHIR subscriptions."""
    dialect = listeners if scope["path"] == listeners.path else sockets
    await (followers.handle if followers.belongs(scope["path"]) else dialect)(scope, receive, send)


application = ProtocolTypeRouter({"http": http, "websocket": websocket})
# Loads every view now: the first visitor should not wait for it.
_ = get_resolver().url_patterns
