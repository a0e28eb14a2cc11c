"""Which makers' clouds this service is registered with, and one request to one of them."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import httpx
from django.conf import settings

from healthhub.dialects.vendors.dexcom import Dexcom
from healthhub.dialects.vendors.form import Answer, Ask, Trouble
from healthhub.dialects.vendors.google_health import GoogleHealth
from healthhub.dialects.vendors.oura import Oura
from healthhub.dialects.vendors.withings import Withings
from healthhub.lib.refused import Invalid

# Every maker's class is of one form: the next one joins by `|`.
Vendor = Withings | Dexcom | Oura | GoogleHealth
MAKERS: Mapping[str, Callable[..., Vendor]] = {"withings": Withings, "dexcom": Dexcom, "oura": Oura, "google_health": GoogleHealth}
TIMEOUT = httpx.Timeout(8.0)
LARGEST = 8_000_000


def offered() -> dict[str, Vendor]:
    """This function will give the makers that settings name a client id and secret for."""
    return {key: _made(key, tuple(sorted(own.items()))) for key, own in settings.VENDORS.items() if own["client_id"]}


@cache
def _made(key: str, own: tuple[tuple[str, str], ...]) -> Vendor:
    return MAKERS[key](**{name: value for name, value in own if value})


def vendor_of(key: str) -> Vendor:
    """This function will give a maker. Raises Invalid (unknown_vendor) where this service is not registered with it."""
    found = offered().get(key)
    if found is None:
        raise Invalid("This service is not connected to this maker.", code="unknown_vendor", field="vendor")
    return found


def fetch(ask: Ask) -> Answer:
    """This function will do one request, in at most a few seconds and 8 MB. Raises Trouble (away) where the network fails."""
    headers = dict(ask.headers) | ({"Authorization": f"Bearer {ask.bearer}"} if ask.bearer else {})
    try:
        with (
            httpx.Client(timeout=TIMEOUT) as client,
            client.stream(ask.method, ask.url, data=dict(ask.form) or None, json=ask.json, headers=headers) as got,
        ):
            raw = bytearray()
            for chunk in got.iter_bytes():
                raw += chunk
                if len(raw) > LARGEST:
                    raise Trouble("refused", "too_large")
            return Answer(got.status_code, _json(got, bytes(raw)), {name.lower(): value for name, value in got.headers.items()})
    except httpx.HTTPError as error:
        raise Trouble("away", type(error).__name__) from error


def _json(got: httpx.Response, raw: bytes) -> Mapping[str, Any]:
    try:
        body = httpx.Response(got.status_code, content=raw).json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {"list": body}
