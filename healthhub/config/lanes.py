"""Two lanes into the web process: pages pass every middleware, a device's request to the API only those that concern it.

A request with a bearer token has no session, no form, no htmx and no page to protect; of a single reading's whole cost the other
middlewares took a tenth. Views, permissions and refusals are the same in both lanes, because both end in the same views.
"""

from typing import Any

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponseBase
from django.utils.module_loading import import_string


class Lanes(WSGIHandler):
    """Django's WSGI handler with a second chain, of settings.DEVICE_MIDDLEWARE."""

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async)
        self._of_pages: Any = self._middleware_chain
        lane: Any = convert_exception_to_response(self._get_response)  # type: ignore[attr-defined] # the stubs leave it out
        for path in reversed(settings.DEVICE_MIDDLEWARE):
            lane = convert_exception_to_response(import_string(path)(lane))
        self._of_devices = lane
        self._middleware_chain: Any = self._choose

    def _choose(self, request: HttpRequest) -> HttpResponseBase:
        lane = self._of_devices if is_device(request) else self._of_pages
        response: HttpResponseBase = lane(request)
        return response


def is_device(request: HttpRequest) -> bool:
    """This function will tell whether a bearer asks something of the API, or a client of a dialect that knows no session."""
    if request.path_info.startswith("/nightscout/"):
        return True  # no cookie opens these addresses
    return request.path_info.startswith("/api/") and request.META.get("HTTP_AUTHORIZATION", "")[:7].lower() == "bearer "
