"""Oura's cloud: nights, heart rate, steps.

Documented at cloud.ouraring.com/v2/docs (API 2: OAuth 2 with a client secret, no PKCE; /v2/usercollection/<type> with start_date and
end_date, heartrate with start_datetime and end_datetime of 30 days at most; next_token; 5,000 requests in 5 minutes, then HTTP 429).
A refresh token is good once. It calls when subscribed (/v2/webhook/subscription, signed: x-oura-signature is the HMAC-SHA256 of
x-oura-timestamp and the body by the client secret), after a challenge; a subscription ends by itself, so we ask by the clock besides.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode, urlsplit

from healthhub.dialects.files.record import number
from healthhub.dialects.vendors.form import Answer, Ask, Call, Page, Tokens, Trouble, check_http

SCOPES = "personal daily heartrate"
WINDOW = timedelta(days=30)
AGAIN = timedelta(days=2)  # a ring that was away from its phone: so much is asked for again
COLLECTIONS = ("sleep", "daily_activity", "heartrate")  # in the order of asking
TOLD = (("create", "sleep"), ("update", "sleep"), ("update", "daily_activity"))  # events, types that are called for
STAGES: Mapping[str, str] = {"sleep_deep": "deep_sleep_duration", "sleep_light": "light_sleep_duration", "sleep_rem": "rem_sleep_duration"}
BAD_RECORD = (KeyError, ValueError, TypeError, AttributeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Oura:
    """`api` and `accounts` are the addresses of the two servers."""

    client_id: str
    client_secret: str
    api: str = "https://api.ouraring.com"
    accounts: str = "https://cloud.ouraring.com"
    key: str = "oura"
    name: str = "Oura"
    every: timedelta = timedelta(hours=2)
    slice: timedelta = WINDOW
    back: timedelta = timedelta(days=365)
    silent_after: timedelta = timedelta(days=4)
    pkce: bool = False

    def authorize_url(self, *, state: str, redirect: str, challenge: str) -> str:
        """This function will give the address where she allows us in; `challenge` is not used here."""
        asked = {"response_type": "code", "client_id": self.client_id, "scope": SCOPES, "redirect_uri": redirect, "state": state}
        return f"{self.accounts}/oauth/authorize?{urlencode(asked)}"

    def ask_tokens(self, *, code: str, redirect: str, verifier: str) -> Ask:
        """This function will ask for the first pair of tokens."""
        return self._oauth({"grant_type": "authorization_code", "code": code, "redirect_uri": redirect})

    def ask_refresh(self, *, refresh: str) -> Ask:
        """This function will ask for the next pair."""
        return self._oauth({"grant_type": "refresh_token", "refresh_token": refresh})

    def _oauth(self, form: Mapping[str, str]) -> Ask:
        return Ask(f"{self.api}/oauth/token", {"client_id": self.client_id, "client_secret": self.client_secret} | dict(form))

    def read_tokens(self, answer: Answer) -> Tokens:
        """This function will read a pair of tokens. Raises Trouble; 400 is a token or a code that is not taken."""
        if answer.status == 400:
            raise Trouble("login", f"http_400_{answer.body.get('error', '')}")
        check_http(answer)
        try:
            access, refresh = str(answer.body["access_token"]), str(answer.body["refresh_token"])
            return Tokens(access, refresh, int(number(answer.body["expires_in"])), str(answer.body.get("scope") or SCOPES), "")
        except BAD_RECORD as error:
            raise Trouble("refused", "bad_tokens") from error

    def ask_account(self, *, access: str) -> Ask | None:
        """This function will ask whose the tokens are: calls name her so."""
        return Ask(f"{self.api}/v2/usercollection/personal_info", bearer=access, method="GET")

    def read_account(self, answer: Answer) -> str:
        """This function will give the account's id. Raises Trouble."""
        check_http(answer)
        return str(answer.body.get("id") or "")

    def ask_new(self, *, access: str, since: int, page: str, now: datetime) -> Ask:
        """This function will ask for what was measured from two days before `since` (seconds since 1970), at most 30 days of it."""
        first = datetime.fromtimestamp(since, UTC) - AGAIN
        last = min(first + WINDOW, now.replace(minute=0, second=0, microsecond=0))  # the same for every page of an hour
        return self._collection(access, first, last, page, int(last.timestamp()))

    def ask_past(self, *, access: str, first: datetime, last: datetime, page: str) -> Ask:
        """This function will ask for what was measured between the two, 30 days at most."""
        return self._collection(access, first, last, page, 0)

    def _collection(self, access: str, first: datetime, last: datetime, page: str, reach: int) -> Ask:
        """`page` is `<collection>|<next_token>`; the next collection follows when this one is whole."""
        collection, _, token = (page or f"{COLLECTIONS[0]}|").partition("|")
        place = COLLECTIONS.index(collection) + 1
        if collection == "heartrate":
            span = {"start_datetime": first.astimezone(UTC).isoformat(), "end_datetime": last.astimezone(UTC).isoformat()}
        else:
            span = {"start_date": first.date().isoformat(), "end_date": (last + timedelta(days=1)).date().isoformat()}
        asked = span | ({"next_token": token} if token else {})
        follow = f"{COLLECTIONS[place]}|" if place < len(COLLECTIONS) else ""
        url = f"{self.api}/v2/usercollection/{collection}?{urlencode(asked)}"
        return Ask(url, bearer=access, method="GET", follow=follow, reach=reach)

    def read_page(self, answer: Answer, zone: tzinfo, ask: Ask) -> Page:
        """This function will read one answer. Raises Trouble; a document that cannot be understood is left out alone."""
        check_http(answer)
        documents, token = answer.body.get("data"), answer.body.get("next_token")
        if not isinstance(documents, list):
            raise Trouble("refused", "bad_answer")
        collection = urlsplit(ask.url).path.rpartition("/")[2]
        readings: list[dict[str, Any]] = []
        left_out = 0
        for document in documents:
            try:
                readings += READ[collection](document)
            except BAD_RECORD:
                left_out += 1
        more = f"{collection}|{str(token)[:300]}" if token else ask.follow
        return Page(readings, left_out, more, ask.reach)

    def check(self, answer: Answer) -> None:
        """This function will raise Trouble for an answer that refuses."""
        check_http(answer)

    def heard(self, call: Call) -> str:
        """This function will give the account that a call is about. Raises Trouble (refused) for one that Oura did not sign."""
        stated, timestamp = call.headers.get("x-oura-signature", ""), call.headers.get("x-oura-timestamp", "")
        own = hmac.new(self.client_secret.encode(), timestamp.encode() + call.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(own.encode(), stated.lower().encode()):
            raise Trouble("refused", "bad_signature")
        try:
            return str(json.loads(call.body)["user_id"])
        except (*BAD_RECORD, RecursionError) as error:
            raise Trouble("refused", "bad_call") from error

    def ask_notify(self, *, access: str, callback: str) -> list[Ask]:
        """This function will subscribe `callback` to news; the last part of its address is the token that Oura proves itself by."""
        own = {"x-client-id": self.client_id, "x-client-secret": self.client_secret}
        secret = callback.rpartition("/")[2]
        wanted = [
            {"callback_url": callback, "verification_token": secret, "event_type": event, "data_type": type_} for event, type_ in TOLD
        ]
        return [Ask(f"{self.api}/v2/webhook/subscription", headers=own, json=one) for one in wanted]

    def ask_revoke(self, *, access: str, refresh: str, callback: str) -> list[Ask]:
        """This function will end our access; the subscriptions are the whole application's and stay."""
        return [Ask(f"{self.api}/oauth/revoke?{urlencode({'access_token': access})}")]


def _night(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A night: minutes asleep and of each stage, its lowest heart rate, mean HRV (RMSSD) and mean breathing rate."""
    if document["type"] == "deleted":
        return []
    start, end = (datetime.fromisoformat(document[name]) for name in ("bedtime_start", "bedtime_end"))
    frame = {"at": start.isoformat(), "seconds": int((end - start).total_seconds()), "source": "Oura", "key": str(document["id"])[:64]}
    found = [frame | {"kind": "sleep", "value": number(document["total_sleep_duration"]) / 60, "unit": "min"}]
    found += [
        frame | {"kind": kind, "value": number(document[name]) / 60, "unit": "min"}
        for kind, name in STAGES.items()
        if document.get(name) is not None
    ]
    if document["type"] == "long_sleep":
        told = (("rhr", "lowest_heart_rate", "/min"), ("hrv_rmssd", "average_hrv", "ms"), ("rr", "average_breath", "/min"))
        found += [
            frame | {"kind": kind, "value": number(document[name]), "unit": unit}
            for kind, name, unit in told
            if document.get(name) is not None
        ]
    return found


def _day(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A day's steps, from the moment at which Oura lets the day begin; the day under way grows and is corrected."""
    frame = {"at": datetime.fromisoformat(document["timestamp"]).isoformat(), "seconds": 86400, "source": "Oura"}
    return [frame | {"kind": "steps", "value": number(document["steps"]), "unit": "{steps}", "key": str(document["id"])[:64]}]


def _beat(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    at = datetime.fromisoformat(document["timestamp"]).isoformat()
    return [{"kind": "hr", "at": at, "value": number(document["bpm"]), "unit": "/min", "source": "Oura", "key": "hr"}]


READ = {"sleep": _night, "daily_activity": _day, "heartrate": _beat}
