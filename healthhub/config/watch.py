"""What the demo's runner does as a visitor: says where to look, signs in as the doctor and waits for the first live alert."""

import asyncio
import json
import re
import time
from urllib.parse import urlsplit

import httpx
import websockets

from healthhub.config.demo_people import ACCOUNTS, DOCTOR, PASSWORD

LONGEST_WAIT = 180.0  # seconds


def welcome(url: str) -> str:
    """This function will give the lines that say where to look and as whom."""
    rows = "\n".join(f"     {account.email:<28} {account.what}" for account in ACCOUNTS)
    return f"""
   HealthHub is running: {url}
   Sign in as (the password is {PASSWORD} for all):
{rows}
   Ctrl-C stops it; the data stay in var/.
"""


class Watch:
    """The doctor's open page: her session, her socket, and the first alert that comes over it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.cookies = ""
        self.seq: int | None = None  # of the last notice heard: what came while the socket was closed is asked for
        self.socket: websockets.ClientConnection | None = None

    async def open(self) -> None:
        """This function will sign in through the form, as a browser does, and open the socket; a refusal is left to `tell`."""
        try:
            await self.sign_in()
            await self.listen()
        except (httpx.HTTPError, websockets.WebSocketException, OSError) as trouble:
            print(f"-> the live page is not open yet ({type(trouble).__name__}: {trouble})", flush=True)

    async def sign_in(self) -> None:
        async with httpx.AsyncClient(base_url=self.url, follow_redirects=True, timeout=30) as client:
            page = await client.get("/accounts/login/")
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
            form = {"login": DOCTOR.email, "password": PASSWORD, "csrfmiddlewaretoken": token.group(1) if token else ""}
            await client.post("/accounts/login/", data=form, headers={"Referer": f"{self.url}/accounts/login/"})
            self.cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())

    async def listen(self) -> None:
        address = f"ws://{urlsplit(self.url).netloc}/ws/" + ("" if self.seq is None else f"?after={self.seq}")
        socket = await websockets.connect(address, origin=websockets.Origin(self.url), additional_headers={"Cookie": self.cookies})
        hello = json.loads(await socket.recv())
        self.seq = int(hello["seq"]) if self.seq is None else self.seq
        self.socket = socket

    async def tell(self, began: float) -> None:
        """This function will print the line that says after how many seconds an alert was on the doctor's open page."""
        opened = time.monotonic()
        try:
            line = await asyncio.wait_for(self.first_alert(), LONGEST_WAIT)
            now = time.monotonic()
            print(f"-> live alert on {DOCTOR.name}'s page after {now - began:.1f} s ({now - opened:.1f} s of readings): {line}", flush=True)
        except TimeoutError:
            print(f"-> no live alert within {LONGEST_WAIT:.0f} s", flush=True)
        finally:
            if self.socket is not None:
                await self.socket.close()

    async def first_alert(self) -> str:
        """This function will wait for an alert; a closed socket (new rights, a restarted web process) is opened again, as pages do."""
        while True:
            try:
                if self.socket is None:
                    await self.listen()
                if found := await self.alert_on_socket():
                    return found
            except (websockets.WebSocketException, OSError):
                await asyncio.sleep(1)
            self.socket = None

    async def alert_on_socket(self) -> str:
        """This function will give the first alert of the open socket, heard live or told by a notice; "" when it is closed before."""
        if self.socket is not None:
            async for message in self.socket:
                event = json.loads(message)
                if event["type"] == "alert":
                    return f"{event['severity']} {event['state']} {event['alert']}"
                if event["type"] == "notice":
                    self.seq = int(event["seq"])
                    if str(event["about"]).startswith("alert:"):
                        return f"{event['severity']} {event['reason']} {event['about'].removeprefix('alert:')}"
        return ""
