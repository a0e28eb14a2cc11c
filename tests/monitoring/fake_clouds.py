"""Small clouds of ours that answer as Dexcom, Oura and Google document: over HTTP, JSON, rotating tokens, windows, next_token, limits."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Reply = tuple[int, dict[str, Any], dict[str, str]]
PAGE = 2


class Cloud:
    """`asked` keeps (path, parameters) of every request; `next` are replies to be given instead, data only."""

    tokens_at = ""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.next: list[Reply] = []
        self.number = 0
        self.access, self.refresh = "", "refresh-0"
        self.data: list[dict[str, Any]] = []
        self.posted: list[Any] = []

    def answer(self, path: str, given: dict[str, str], bearer: str) -> Reply:
        self.asked.append((path, given))
        if path == self.tokens_at:
            return self._tokens(given)
        if path in ("/v2/webhook/subscription", "/oauth/revoke"):
            return 200, {}, {}
        if bearer != self.access:
            return 401, {"error": "invalid_token"}, {}
        if self.next:
            return self.next.pop(0)
        return 200, self.found(path, given), {}

    def found(self, path: str, given: dict[str, str]) -> dict[str, Any]:
        raise NotImplementedError(path)

    def _tokens(self, form: dict[str, str]) -> Reply:
        right = form["client_id"] == "id" and form["client_secret"] == "secret"
        code = form["grant_type"] == "authorization_code"
        if not right or (form.get("code") != "good" if code else form.get("refresh_token") != self.refresh):
            return 400, {"error": "invalid_grant"}, {}
        self.number += 1
        self.access, self.refresh = f"access-{self.number}", f"refresh-{self.number}"
        return 200, {"access_token": self.access, "refresh_token": self.refresh, "expires_in": 7200, "token_type": "Bearer"}, {}


class Dexcom(Cloud):
    """Records of /v3/users/self/egvs, by the wall clock of UTC."""

    tokens_at = "/v2/oauth2/token"

    def found(self, path: str, given: dict[str, str]) -> dict[str, Any]:
        first, last = (datetime.fromisoformat(given[name]).replace(tzinfo=UTC) for name in ("startDate", "endDate"))
        assert path == "/v3/users/self/egvs"
        assert (last - first).days <= 30
        records = [one for one in self.data if first <= _utc(one["systemTime"]) < last]
        return {"recordType": "egv", "recordVersion": "3.0", "userId": "u", "records": records}


class Oura(Cloud):
    """Documents of /v2/usercollection/<type>, two a page; `data` have their type in "collection"."""

    tokens_at = "/oauth/token"

    def found(self, path: str, given: dict[str, str]) -> dict[str, Any]:
        collection = path.rpartition("/")[2]
        if collection == "personal_info":
            return {"id": "8f9a", "age": 31}
        first, last = given.get("start_date") or given["start_datetime"], given.get("end_date") or given["end_datetime"]
        documents = [one for one in self.data if one["collection"] == collection and first <= _moment(one) <= last]
        start = int(given.get("next_token", "0"))
        more = str(start + PAGE) if len(documents) > start + PAGE else None
        return {"data": documents[start : start + PAGE], "next_token": more}


class Google(Cloud):
    """Points of dataPoints:reconcile, two a page; `data` have their type in "type" and the moment they are filtered by in "when"."""

    tokens_at = "/token"

    def answer(self, path: str, given: dict[str, str], bearer: str) -> Reply:
        if path == "/revoke":
            self.asked.append((path, given))
            return 200, {}, {}
        status, body, headers = super().answer(path, given, bearer)
        if given.get("grant_type") == "refresh_token" and status == 200:
            self.refresh = given["refresh_token"]
            del body["refresh_token"]
        return status, body, headers

    def found(self, path: str, given: dict[str, str]) -> dict[str, Any]:
        if path == "/v4/users/me/identity":
            return {"name": "users/me/identity", "healthUserId": "111"}
        type_ = path.removeprefix("/v4/users/me/dataTypes/").removesuffix("/dataPoints:reconcile")
        lower, upper = given["filter"].split(" AND ")
        field, operator, first = lower.split(" ")
        assert (operator, upper.split(" ")[:2]) == (">=", [field, "<"])
        assert field.split(".")[0] == type_.replace("-", "_")
        first, last = first.strip('"'), upper.split(" ")[2].strip('"')
        points = [one for one in self.data if one["type"] == type_ and first <= one["when"] < last]
        start = int(given.get("pageToken", "0"))
        return {"dataPoints": points[start : start + PAGE]} | ({"nextPageToken": str(start + PAGE)} if len(points) > start + PAGE else {})


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(document: dict[str, Any]) -> str:
    return str(document.get("day") or _utc(document["timestamp"]).astimezone(UTC).isoformat())


@contextmanager
def running(make: Callable[[], Cloud]) -> Iterator[Cloud]:
    """This function will run one of the clouds on a free port."""
    cloud = make()

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply({name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()})

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            if self.headers.get("Content-Type", "").startswith("application/json"):
                cloud.posted.append(json.loads(raw))
                self._reply({})
            else:
                self._reply({name: values[0] for name, values in parse_qs(raw).items()})

        def _reply(self, given: dict[str, str]) -> None:
            bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status, body, headers = cloud.answer(urlsplit(self.path).path, given, bearer)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Tests are read without it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cloud.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield cloud
    finally:
        server.shutdown()
        server.server_close()
