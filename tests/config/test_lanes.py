"""The two lanes of the web process: what a device is answered, and what a page still passes."""

import io
import json
import sys
from typing import Any

import pytest
from django.utils import timezone

from healthhub.config.lanes import Lanes
from tests.world import World, build

pytestmark = pytest.mark.django_db(transaction=True)  # the handler gives its connection back, as in a real process


def asked(path: str, *, method: str = "GET", body: bytes = b"", **headers: str) -> tuple[str, dict[str, str], bytes]:
    """This function will give status line, headers and body of the WSGI application that serves production."""
    answer: list[Any] = []
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
    }
    said = Lanes()(environ | headers, lambda status, fields, _=None: answer.append((status, dict(fields))))
    return answer[0][0], answer[0][1], b"".join(said)


@pytest.fixture
def world() -> World:
    return build()


def test_a_device_sends_a_reading_and_passes_no_middleware_of_pages(world: World) -> None:
    reading = {"kind": "spo2", "at": timezone.now().isoformat(), "value": 97, "unit": "%"}
    bearer = f"Bearer {world.secrets['token_write']}"
    status, headers, body = asked("/api/v1/observations", method="POST", body=json.dumps(reading).encode(), HTTP_AUTHORIZATION=bearer)
    assert (status, json.loads(body)["counts"]) == ("201 Created", {"stored": 1})
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Security-Policy" not in headers


@pytest.mark.parametrize("secret", ["", "hh_nonsense", "{token_revoked}"])
def test_a_bearer_whom_nobody_knows_is_refused_even_beside_a_session(world: World, secret: str) -> None:
    cookie = world.client("doctor_in_team").cookies["sessionid"].value
    bearer = f"Bearer {secret.format(**world.secrets)}"
    status, _, body = asked("/api/v1/me", HTTP_AUTHORIZATION=bearer, HTTP_COOKIE=f"sessionid={cookie}")
    assert (status, json.loads(body)["code"]) == ("401 Unauthorized", "bad_token")


def test_refusals_speak_the_devices_language() -> None:
    english = asked("/api/v1/me", HTTP_AUTHORIZATION="Bearer x", HTTP_ACCEPT_LANGUAGE="en")[2]
    chinese = asked("/api/v1/me", HTTP_AUTHORIZATION="Bearer x", HTTP_ACCEPT_LANGUAGE="zh-hans")[2]
    assert json.loads(english)["code"] == json.loads(chinese)["code"]
    assert json.loads(english)["sentence"].isascii()


def test_pages_and_sessions_pass_all_of_them() -> None:
    assert "Content-Security-Policy" in asked("/accounts/login/")[1]
    assert "Content-Security-Policy" in asked("/accounts/login/", HTTP_AUTHORIZATION="Bearer x")[1]
    assert asked("/api/v1/me")[0].startswith("401")
