"""Apps of the tests: registered, allowed by their person on the real page, given a key by the real token address."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.test import Client
from django.utils import timezone

from healthhub.people import smart

BACK = "https://app.example.org/back"
FHIR = "http://testserver/fhir/R4"


@dataclass
class App:
    """A public app and the verifier of what it asks next."""

    client_id: str
    verifier: str

    def asked(self, scope: str) -> dict[str, str]:
        """This function will give the parameters with which its person is asked."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")
        return {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": BACK,
            "scope": scope,
            "state": "abc",
            "aud": FHIR,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }

    def asking(self, scope: str, **more: str) -> str:
        """This function will give the address on which its person is asked."""
        return f"/oauth/authorise?{urlencode(self.asked(scope) | more)}"

    def code(self, person: Client, scope: str, patient: str = "") -> str:
        """This function will have the person allow it and give the code it is led back with."""
        answer = person.post(self.asking(scope), {"answer": "allow", "patient": patient})
        assert answer.status_code == 302, answer.content
        said = parse_qs(urlsplit(answer["Location"]).query)
        assert answer["Location"].startswith(BACK)
        assert said["state"] == ["abc"]
        return said["code"][0]

    def exchange(self, code: str, **more: str) -> Any:
        """This function will turn the code into a key, or be refused."""
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": self.client_id,
            "redirect_uri": BACK,
            "code_verifier": self.verifier,
        }
        return Client().post("/oauth/token", sent | more)

    def key(self, person: Client, scope: str, patient: str = "") -> dict[str, Any]:
        """This function will do both; gives what the token address says."""
        answer = self.exchange(self.code(person, scope, patient))
        assert answer.status_code == 200, answer.content
        said: dict[str, Any] = answer.json()
        return said


def app(name: str = "Chart in hand") -> App:
    """This function will register a public app."""
    registered, secret = smart.register(name=name, redirects=[BACK], now=timezone.now())
    assert secret is None
    return App(registered.client_id, secrets.token_urlsafe(48))


def bearing(key: str) -> Client:
    """This function will give a client that shows this key."""
    return Client(headers={"authorization": f"Bearer {key}"})
