"""Dexcom's cloud: estimated glucose values of G6, G7 and ONE.

Documented at developer.dexcom.com (API v3: authentication, egvs): OAuth 2 with a client secret, no PKCE; GET /v3/users/self/egvs with
startDate and endDate in UTC without a zone, 30 days at most. Values are an hour old in the US, three elsewhere. 60,000 requests an hour
for the whole application, then HTTP 429. It calls nobody, and no address ends our access: she does so in her account.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode

from healthhub.dialects.files.record import epoch, named, number
from healthhub.dialects.vendors.form import Answer, Ask, Call, Page, Tokens, Trouble, check_http

SCOPES = "offline_access"
WINDOW = timedelta(days=30)
LATE = timedelta(hours=12)  # a receiver's values come when it is plugged in: so much is asked for again
UNITS: Mapping[str, str] = {"mg/dL": "mg/dL", "mmol/L": "mmol/L"}
# Beyond what the sensor measures: the value is its limit, or missing.
ENDS: Mapping[str, tuple[str, Mapping[str, float]]] = {
    "low": ("censored_low", {"mg/dL": 40, "mmol/L": 2.2}),
    "high": ("censored_high", {"mg/dL": 400, "mmol/L": 22.2}),
}
BAD_RECORD = (KeyError, ValueError, TypeError, AttributeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Dexcom:
    """`api` is the address of its server: other regions have others."""

    client_id: str
    client_secret: str
    api: str = "https://api.dexcom.com"
    key: str = "dexcom"
    name: str = "Dexcom"
    every: timedelta = timedelta(minutes=30)
    slice: timedelta = WINDOW
    back: timedelta = timedelta(days=90)
    silent_after: timedelta = timedelta(days=2)
    pkce: bool = False

    def authorize_url(self, *, state: str, redirect: str, challenge: str) -> str:
        """This function will give the address where she allows us in; `challenge` is not used here."""
        asked = {"client_id": self.client_id, "redirect_uri": redirect, "response_type": "code", "scope": SCOPES, "state": state}
        return f"{self.api}/v2/oauth2/login?{urlencode(asked)}"

    def ask_tokens(self, *, code: str, redirect: str, verifier: str) -> Ask:
        """This function will ask for the first pair of tokens; the code lives a minute."""
        return self._oauth({"grant_type": "authorization_code", "code": code, "redirect_uri": redirect})

    def ask_refresh(self, *, refresh: str) -> Ask:
        """This function will ask for the next pair."""
        return self._oauth({"grant_type": "refresh_token", "refresh_token": refresh})

    def _oauth(self, form: Mapping[str, str]) -> Ask:
        return Ask(f"{self.api}/v2/oauth2/token", {"client_id": self.client_id, "client_secret": self.client_secret} | dict(form))

    def read_tokens(self, answer: Answer) -> Tokens:
        """This function will read a pair of tokens. Raises Trouble; 400 is a token or a code that is not taken."""
        if answer.status == 400:
            raise Trouble("login", f"http_400_{answer.body.get('error', '')}")
        check_http(answer)
        try:
            return Tokens(
                str(answer.body["access_token"]), str(answer.body["refresh_token"]), int(number(answer.body["expires_in"])), SCOPES, ""
            )
        except BAD_RECORD as error:
            raise Trouble("refused", "bad_tokens") from error

    def ask_account(self, *, access: str) -> Ask | None:
        """This function will ask for nothing: nobody calls, so the account's name is not needed."""
        return None

    def read_account(self, answer: Answer) -> str:
        """This function will never be asked."""
        return ""

    def ask_new(self, *, access: str, since: int, page: str, now: datetime) -> Ask:
        """This function will ask for at most 30 days from half a day before `since` (seconds since 1970), or on from the page before."""
        first = datetime.fromtimestamp(int(page), UTC) if page else datetime.fromtimestamp(since, UTC) - LATE
        last = min(first + WINDOW, now)
        follow = str(int(last.timestamp())) if last < now else ""
        return self._values(access, first, last, follow, int(last.timestamp()))

    def ask_past(self, *, access: str, first: datetime, last: datetime, page: str) -> Ask:
        """This function will ask for what was measured between the two, 30 days at most."""
        return self._values(access, first, last, "", 0)

    def _values(self, access: str, first: datetime, last: datetime, follow: str, reach: int) -> Ask:
        dates = {"startDate": _wall(first), "endDate": _wall(last)}
        return Ask(f"{self.api}/v3/users/self/egvs?{urlencode(dates)}", bearer=access, method="GET", follow=follow, reach=reach)

    def read_page(self, answer: Answer, zone: tzinfo, ask: Ask) -> Page:
        """This function will read one answer of egvs. Raises Trouble; a record that cannot be understood is left out alone."""
        check_http(answer)
        records = answer.body.get("records")
        if not isinstance(records, list):
            raise Trouble("refused", "bad_answer")
        readings, left_out = [], 0
        for record in records:
            try:
                readings.append(_reading(record, zone))
            except BAD_RECORD:
                left_out += 1
        return Page(readings, left_out, ask.follow, ask.reach)

    def check(self, answer: Answer) -> None:
        """This function will raise Trouble for an answer that refuses."""
        check_http(answer)

    def heard(self, call: Call) -> str:
        """This function will know no account: Dexcom calls nobody."""
        return ""

    def ask_notify(self, *, access: str, callback: str) -> list[Ask]:
        """This function will ask for nothing."""
        return []

    def ask_revoke(self, *, access: str, refresh: str, callback: str) -> list[Ask]:
        """This function will ask for nothing: only she can end it there."""
        return []


def _wall(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _reading(record: Mapping[str, Any], zone: tzinfo) -> dict[str, Any]:
    """One value as a reading. A receiver's times have no offset: its system time is UTC, and her own zone is taken for the offset."""
    shown, moment = (datetime.fromisoformat(str(record[name])) for name in ("displayTime", "systemTime"))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    at = epoch(moment.timestamp(), shown.tzinfo or zone)
    unit = UNITS[record["unit"]]
    reading: dict[str, Any] = {"kind": "cgm", "at": at, "unit": unit, "key": str(record["recordId"])[:64], "source": _source(record)}
    flag, limits = ENDS.get(str(record.get("status")), ("", {}))
    if flag:
        return reading | {"value": limits[unit], "flags": [flag]}
    return reading | {"value": number(record["value"])}


def _source(record: Mapping[str, Any]) -> str:
    return named(f"Dexcom {record.get('transmitterGeneration') or ''}", "Dexcom")
