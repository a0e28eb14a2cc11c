"""A small cloud of ours that answers as Withings documents: over HTTP, 200 with a status, rotating tokens, pages, limits."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

PAGE = 3


class Cloud:
    """What the cloud has, and what it should say next. `asked` keeps every request's form."""

    def __init__(self) -> None:
        self.groups: list[dict[str, object]] = []
        self.asked: list[dict[str, str]] = []
        self.number = 1
        self.access = ""
        self.refresh = ["refresh-0"]  # those that are still taken
        self.next: list[tuple[int, dict[str, object], dict[str, str]]] = []  # answers to be given instead, measures only
        self.updated = 0
        self.url = ""

    def weigh(self, grpid: int, at: int, kilograms: float) -> None:
        measures = [{"value": int(kilograms * 1000), "type": 1, "unit": -3}]
        self.groups.append({"grpid": grpid, "attrib": 0, "date": at, "modified": at, "category": 1, "measures": measures})

    def answer(self, path: str, form: dict[str, str], bearer: str) -> tuple[int, dict[str, object], dict[str, str]]:
        self.asked.append({"path": path} | form)
        if path == "/v2/oauth2":
            return 200, self._tokens(form), {}
        if bearer != self.access:
            return 200, {"status": 401, "body": {}, "error": "invalid_token"}, {}
        self.refresh = self.refresh[-1:]  # the new access token was used: former refresh tokens end
        if path == "/notify":
            return 200, {"status": 0, "body": {}}, {}
        if self.next:
            return self.next.pop(0)
        return 200, {"status": 0, "body": self._measures(form)}, {}

    def _tokens(self, form: dict[str, str]) -> dict[str, object]:
        right = form["client_id"] == "id" and form["client_secret"] == "secret" and form["action"] == "requesttoken"
        if form["grant_type"] == "authorization_code":
            right = right and form["code"] == "good"
        else:
            right = right and form["refresh_token"] in self.refresh
        if not right:
            return {"status": 503, "body": {}, "error": "Invalid Params"}
        self.number += 1
        self.access = f"access-{self.number}"
        self.refresh.append(f"refresh-{self.number}")
        pair = {"userid": "77", "access_token": self.access, "refresh_token": self.refresh[-1]}
        return {"status": 0, "body": {**pair, "expires_in": 10800, "scope": "user.metrics", "token_type": "Bearer"}}

    def _measures(self, form: dict[str, str]) -> dict[str, object]:
        if "lastupdate" in form:
            found = [one for one in self.groups if int(str(one["modified"])) >= int(form["lastupdate"])]
        else:
            first, last = int(form["startdate"]), int(form["enddate"])
            found = [one for one in self.groups if first <= int(str(one["date"])) <= last]
        start = int(form.get("offset", "0"))
        body: dict[str, object] = {"updatetime": self.updated, "timezone": "Asia/Shanghai", "measuregrps": found[start : start + PAGE]}
        return body | ({"more": 1, "offset": start + PAGE} if len(found) > start + PAGE else {"more": 0, "offset": 0})


@contextmanager
def running() -> Iterator[Cloud]:
    """This function will run the cloud on a free port."""
    cloud = Cloud()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            form = {name: values[0] for name, values in parse_qs(raw).items()}
            status, body, headers = cloud.answer(self.path, form, self.headers.get("Authorization", "").removeprefix("Bearer "))
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
