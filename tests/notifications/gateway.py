"""A real HTTP server that answers by script, and remembers what it was sent: the other side of webhooks and web push."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HANGS = 0  # takes the request and never answers
DRIPS = 1  # one byte at a time, each well within a socket's timeout
CUTS = 2  # takes the request, does its work, and the answer is lost on the way


@dataclass
class Received:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"


@dataclass
class Gateway:
    """Answers with the script's next entry (a status, or HANGS, DRIPS, CUTS), and with 200 when it is at its end."""

    url: str = ""
    script: list[int] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, request: Received) -> int:
        with self.lock:
            self.received.append(request)
            return self.script.pop(0) if self.script else 200


def handler_for(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status = gateway.take(Received(self.path, {name.lower(): value for name, value in self.headers.items()}, body, self.command))
            if status == HANGS:
                time.sleep(8)
            elif status == DRIPS:
                drip(self)
            elif status == CUTS:
                self.connection.close()
            else:
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", f"{gateway.url}/elsewhere")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

        do_PUT = do_POST

        def log_message(self, format: str, *args: object) -> None:
            """Quiet: tests look at `received`."""

    return Handler


def drip(handler: BaseHTTPRequestHandler) -> None:
    for char in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 40:
        try:
            handler.wfile.write(bytes([char]))
            handler.wfile.flush()
        except OSError:
            return
        time.sleep(0.3)


@contextmanager
def running() -> Iterator[Gateway]:
    """This function will run a gateway on a free port for as long as the block lasts."""
    gateway = Gateway()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(gateway))
    server.daemon_threads = True
    gateway.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
