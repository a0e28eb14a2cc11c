"""Withings' cloud: measures of scales, cuffs, thermometers.

Documented at developer.withings.com: api-reference (oauth2 requesttoken, measure getmeas, notify subscribe and revoke), response
status, and "Access and refresh tokens": access lives 3 hours, refresh a year, and a former refresh token for 8 hours or until the
new access token is used. HTTP is 200 even for refusals; `status` in the body tells. 120 requests a minute for the whole application.
Scopes: user.metrics. No PKCE, and no unlinking from our side: notifications are ended and our tokens forgotten.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from urllib.parse import urlencode

from healthhub.dialects.files import makers
from healthhub.dialects.files.record import number
from healthhub.dialects.vendors.form import Answer, Ask, Call, Page, Tokens, Trouble, check_http

SCOPES = "user.metrics"
# Weight, height, fat, pressures, pulse, oxygen, body temperature.
TYPES = "1,4,6,9,10,11,54,71"
# Notification categories of user.metrics: weight, temperature, blood pressure.
CATEGORIES = ("1", "2", "4")
LOGIN = frozenset({100, 101, 102, 200, 401})
AWAY = frozenset({522, 524, 2555, 2556, 2557, 2558, 2559})
BUSY = 601
BAD_RECORD = (KeyError, ValueError, TypeError, AttributeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Withings:
    """`api` and `accounts` are the addresses of the two servers."""

    client_id: str
    client_secret: str
    api: str = "https://wbsapi.withings.net"
    accounts: str = "https://account.withings.com"
    key: str = "withings"
    name: str = "Withings"
    every: timedelta = timedelta(hours=1)
    slice: timedelta = timedelta(days=90)
    back: timedelta = timedelta(days=730)
    silent_after: timedelta = timedelta(days=7)
    pkce: bool = False

    def authorize_url(self, *, state: str, redirect: str, challenge: str) -> str:
        """This function will give the address where she allows us in; `challenge` is not used here."""
        asked = {"response_type": "code", "client_id": self.client_id, "scope": SCOPES, "redirect_uri": redirect, "state": state}
        return f"{self.accounts}/oauth2_user/authorize2?{urlencode(asked)}"

    def ask_tokens(self, *, code: str, redirect: str, verifier: str) -> Ask:
        """This function will ask for the first pair of tokens; the code lives 30 seconds."""
        return self._oauth({"grant_type": "authorization_code", "code": code, "redirect_uri": redirect})

    def ask_refresh(self, *, refresh: str) -> Ask:
        """This function will ask for the next pair."""
        return self._oauth({"grant_type": "refresh_token", "refresh_token": refresh})

    def _oauth(self, form: Mapping[str, str]) -> Ask:
        own = {"action": "requesttoken", "client_id": self.client_id, "client_secret": self.client_secret}
        return Ask(f"{self.api}/v2/oauth2", own | dict(form))

    def read_tokens(self, answer: Answer) -> Tokens:
        """This function will read a pair of tokens. Raises Trouble; a token that is not taken may be named 503 (invalid params) too."""
        body = _body(answer, login=LOGIN | {503})
        try:
            access, refresh = str(body["access_token"]), str(body["refresh_token"])
            return Tokens(access, refresh, int(number(body["expires_in"])), str(body.get("scope") or ""), str(body.get("userid") or ""))
        except BAD_RECORD as error:
            raise Trouble("refused", "bad_tokens") from error

    def ask_new(self, *, access: str, since: int, page: str, now: datetime) -> Ask:
        """This function will ask for what was made or changed since `since` (seconds since 1970)."""
        return self._measures(access, {"lastupdate": str(since)}, page)

    def ask_past(self, *, access: str, first: datetime, last: datetime, page: str) -> Ask:
        """This function will ask for what was measured between the two."""
        return self._measures(access, {"startdate": str(int(first.timestamp())), "enddate": str(int(last.timestamp()))}, page)

    def _measures(self, access: str, form: Mapping[str, str], page: str) -> Ask:
        paging = {"offset": page} if page else {}
        return Ask(f"{self.api}/measure", {"action": "getmeas", "category": "1", "meastypes": TYPES, **form, **paging}, access)

    def read_page(self, answer: Answer, zone: tzinfo, ask: Ask) -> Page:
        """This function will read one answer of getmeas. Raises Trouble; a group that cannot be understood is left out alone."""
        body = _body(answer)
        readings, left_out = [], 0
        groups = body.get("measuregrps")
        if not isinstance(groups, list):
            raise Trouble("refused", "bad_answer")
        for group in groups:
            try:
                found = makers.withings({**group, "zone": body.get("timezone")}, zone)
            except BAD_RECORD:
                left_out += 1
                continue
            readings += [one for one in found if isinstance(one, dict)]
            left_out += sum(isinstance(one, str) for one in found)
        try:
            more = str(int(number(body["offset"]))) if body.get("more") else ""
            return Page(readings, left_out, more, int(number(body.get("updatetime") or 0)))
        except BAD_RECORD as error:
            raise Trouble("refused", "bad_paging") from error

    def ask_account(self, *, access: str) -> Ask | None:
        """This function will ask for nothing: the tokens name the account."""
        return None

    def read_account(self, answer: Answer) -> str:
        """This function will never be asked."""
        return ""

    def heard(self, call: Call) -> str:
        """This function will give the account that a call is about."""
        return call.form.get("userid", "")

    def check(self, answer: Answer) -> None:
        """This function will raise Trouble for an answer that refuses."""
        _body(answer)

    def ask_notify(self, *, access: str, callback: str) -> list[Ask]:
        """This function will subscribe `callback` to news of her measures. Withings signs nothing: the address is the secret."""
        return [self._notify(access, "subscribe", callback, category) for category in CATEGORIES]

    def ask_revoke(self, *, access: str, refresh: str, callback: str) -> list[Ask]:
        """This function will end the subscriptions; Withings lets only the person herself unlink us."""
        return [self._notify(access, "revoke", callback, category) for category in CATEGORIES]

    def _notify(self, access: str, action: str, callback: str, category: str) -> Ask:
        return Ask(f"{self.api}/notify", {"action": action, "callbackurl": callback, "appli": category}, access)


def _body(answer: Answer, login: frozenset[int] = LOGIN) -> dict[str, object]:
    check_http(answer)
    status, body = answer.body.get("status"), answer.body.get("body")
    if status == 0 and isinstance(body, dict):
        return body
    if not isinstance(status, int):
        raise Trouble("away", "no_status")
    if status in login:
        raise Trouble("login", f"status_{status}")
    if status == BUSY:
        raise Trouble("busy", "status_601", 60)
    raise Trouble("away" if status in AWAY else "refused", f"status_{status}")
