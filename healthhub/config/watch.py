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
        self.socket: websockets.ClientConnection | None = None
        self.trouble = ""

    async def open(self) -> None:
        """This function will sign in through the form, as a browser does, and open the socket; a refusal is kept for `tell`."""
        try:
            async with httpx.AsyncClient(base_url=self.url, follow_redirects=True, timeout=30) as client:
                page = await client.get("/accounts/login/")
                token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
                form = {"login": DOCTOR.email, "password": PASSWORD, "csrfmiddlewaretoken": token.group(1) if token else ""}
                await client.post("/accounts/login/", data=form, headers={"Referer": f"{self.url}/accounts/login/"})
                cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
            address = f"ws://{urlsplit(self.url).netloc}/ws/"
            self.socket = await websockets.connect(address, origin=websockets.Origin(self.url), additional_headers={"Cookie": cookies})
        except (httpx.HTTPError, websockets.WebSocketException, OSError) as trouble:
            self.trouble = f"{type(trouble).__name__}: {trouble}"

    async def tell(self, began: float) -> None:
        """This function will print the line that says after how many seconds an alert was on the doctor's open page."""
        opened = time.monotonic()
        try:
            line = await asyncio.wait_for(self.first_alert(), LONGEST_WAIT)
            now = time.monotonic()
            print(f"-> live alert on {DOCTOR.name}'s page after {now - began:.1f} s ({now - opened:.1f} s of readings): {line}", flush=True)
        except TimeoutError:
            print(f"-> no live alert within {LONGEST_WAIT:.0f} s", flush=True)
        except (websockets.WebSocketException, ConnectionError) as trouble:
            print(f"-> the live page could not be watched ({self.trouble or trouble})", flush=True)
        finally:
            if self.socket is not None:
                await self.socket.close()

    async def first_alert(self) -> str:
        if self.socket is None:
            raise ConnectionError(self.trouble)
        async for message in self.socket:
            event = json.loads(message)
            if event.get("type") == "alert":
                return " ".join(str(event[name]) for name in ("severity", "state", "alert") if name in event)
        raise ConnectionError("the socket was closed")
