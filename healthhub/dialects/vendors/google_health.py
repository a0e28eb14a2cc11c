"""Google Health's cloud, which took the place of Fitbit's: steps, heart, oxygen, nights, weight.

Documented at developers.google.com/health (API v4: OAuth 2 of Google accounts; users/me/dataTypes/<type>/dataPoints:reconcile gives one
stream without what two devices both told, with filter, pageSize and nextPageToken). A refresh answers no new refresh token. Whoever
unticks a scope is answered 403 for its types alone. Its notifications need a subscriber of the whole project, so it is asked by the clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from urllib.parse import urlencode

from healthhub.dialects.files.record import key_of, named, number
from healthhub.dialects.vendors.form import Answer, Ask, Call, Page, Tokens, Trouble, check_http

PREFIX = "https://www.googleapis.com/auth/googlehealth."
SCOPES = " ".join(f"{PREFIX}{name}.readonly" for name in ("activity_and_fitness", "health_metrics_and_measurements", "sleep"))
WINDOW = timedelta(days=7)
AGAIN = timedelta(days=2)  # a wrist that was away from its phone: so much is asked for again
BAD_RECORD = (KeyError, ValueError, TypeError, AttributeError, OverflowError)
INTERVAL, SAMPLE, DAILY = "interval.start_time", "sample_time.physical_time", "date"
# Type -> the field it is filtered by; in the order of asking.
TYPES: Mapping[str, str] = {
    "steps": INTERVAL,
    "heart-rate": SAMPLE,
    "daily-resting-heart-rate": DAILY,
    "heart-rate-variability": SAMPLE,
    "oxygen-saturation": SAMPLE,
    "weight": SAMPLE,
    "sleep": "interval.end_time",
}
# Type -> (kind, field of the value, what it is divided by, unit) of each value of a sample.
SAMPLES: Mapping[str, tuple[tuple[str, str, int, str], ...]] = {
    "heart-rate": (("hr", "beatsPerMinute", 1, "/min"),),
    "heart-rate-variability": (
        ("hrv_rmssd", "rootMeanSquareOfSuccessiveDifferencesMilliseconds", 1, "ms"),
        ("hrv_sdnn", "standardDeviationMilliseconds", 1, "ms"),
    ),
    "oxygen-saturation": (("spo2", "percentage", 1, "%"),),
    "weight": (("weight", "weightGrams", 1000, "kg"),),
}
STAGES: Mapping[str, str] = {"DEEP": "sleep_deep", "LIGHT": "sleep_light", "REM": "sleep_rem"}


@dataclass(frozen=True, slots=True)
class GoogleHealth:
    """`api`, `accounts` and `tokens` are the addresses of its servers."""

    client_id: str
    client_secret: str
    api: str = "https://health.googleapis.com"
    accounts: str = "https://accounts.google.com"
    tokens: str = "https://oauth2.googleapis.com"
    key: str = "google_health"
    name: str = "Google Health"
    every: timedelta = timedelta(hours=1)
    slice: timedelta = WINDOW
    back: timedelta = timedelta(days=28)
    silent_after: timedelta = timedelta(days=4)
    pkce: bool = False

    def authorize_url(self, *, state: str, redirect: str, challenge: str) -> str:
        """This function will give the address where she allows us in; only with these words does Google give a refresh token."""
        asked = {"response_type": "code", "client_id": self.client_id, "scope": SCOPES, "redirect_uri": redirect, "state": state}
        return f"{self.accounts}/o/oauth2/v2/auth?{urlencode(asked | {'access_type': 'offline', 'prompt': 'consent'})}"

    def ask_tokens(self, *, code: str, redirect: str, verifier: str) -> Ask:
        """This function will ask for the first pair of tokens."""
        return self._oauth({"grant_type": "authorization_code", "code": code, "redirect_uri": redirect})

    def ask_refresh(self, *, refresh: str) -> Ask:
        """This function will ask for the next access token."""
        return self._oauth({"grant_type": "refresh_token", "refresh_token": refresh})

    def _oauth(self, form: Mapping[str, str]) -> Ask:
        return Ask(f"{self.tokens}/token", {"client_id": self.client_id, "client_secret": self.client_secret} | dict(form))

    def read_tokens(self, answer: Answer) -> Tokens:
        """This function will read tokens; `refresh` is "" where the former one stays. Raises Trouble; 400 is one that is not taken."""
        if answer.status == 400:
            raise Trouble("login", f"http_400_{answer.body.get('error', '')}")
        check_http(answer)
        try:
            access, refresh = str(answer.body["access_token"]), str(answer.body.get("refresh_token") or "")
            return Tokens(access, refresh, int(number(answer.body["expires_in"])), str(answer.body.get("scope") or SCOPES), "")
        except BAD_RECORD as error:
            raise Trouble("refused", "bad_tokens") from error

    def ask_account(self, *, access: str) -> Ask | None:
        """This function will ask whose the tokens are."""
        return Ask(f"{self.api}/v4/users/me/identity", bearer=access, method="GET")

    def read_account(self, answer: Answer) -> str:
        """This function will give the account's id. Raises Trouble."""
        check_http(answer)
        return str(answer.body.get("healthUserId") or "")

    def ask_new(self, *, access: str, since: int, page: str, now: datetime) -> Ask:
        """This function will ask for what was measured from two days before `since` (seconds since 1970), at most 7 days of it."""
        first = datetime.fromtimestamp(since, UTC) - AGAIN
        last = min(first + WINDOW, now.replace(minute=0, second=0, microsecond=0))  # the same for every page of an hour
        return self._points(access, first, last, page, int(last.timestamp()))

    def ask_past(self, *, access: str, first: datetime, last: datetime, page: str) -> Ask:
        """This function will ask for what was measured between the two, 7 days at most."""
        return self._points(access, first, last, page, 0)

    def _points(self, access: str, first: datetime, last: datetime, page: str, reach: int) -> Ask:
        """`page` is `<type>|<nextPageToken>`; the next type follows when this one is whole."""
        names = list(TYPES)
        type_, _, token = (page or f"{names[0]}|").partition("|")
        field = f"{type_.replace('-', '_')}.{TYPES[type_]}"
        ends = (first, last + timedelta(days=1) if TYPES[type_] == DAILY else last)
        since, until = (one.astimezone(UTC).strftime("%Y-%m-%d" if TYPES[type_] == DAILY else "%Y-%m-%dT%H:%M:%SZ") for one in ends)
        asked = {"filter": f'{field} >= "{since}" AND {field} < "{until}"', "pageSize": "25" if type_ == "sleep" else "2000"}
        asked |= {"pageToken": token} if token else {}
        follow = f"{after[0]}|" if (after := names[names.index(type_) + 1 :]) else ""
        url = f"{self.api}/v4/users/me/dataTypes/{type_}/dataPoints:reconcile?{urlencode(asked)}"
        return Ask(url, bearer=access, method="GET", follow=follow, reach=reach)

    def read_page(self, answer: Answer, zone: tzinfo, ask: Ask) -> Page:
        """This function will read one answer. Raises Trouble; a point that cannot be understood is left out alone."""
        if answer.status == 403 and _not_ticked(answer.body):
            return Page([], 0, ask.follow, ask.reach)
        check_http(answer)
        points, token = answer.body.get("dataPoints") or [], answer.body.get("nextPageToken")
        if not isinstance(points, list):
            raise Trouble("refused", "bad_answer")
        type_ = ask.url.partition("/dataTypes/")[2].partition("/")[0]
        readings: list[dict[str, Any]] = []
        left_out = 0
        for point in points:
            try:
                readings += _read(type_, point, zone)
            except BAD_RECORD:
                left_out += 1
        return Page(readings, left_out, f"{type_}|{token}" if isinstance(token, str) and token else ask.follow, ask.reach)

    def check(self, answer: Answer) -> None:
        """This function will raise Trouble for an answer that refuses."""
        check_http(answer)

    def heard(self, call: Call) -> str:
        """This function will know no account: nobody is subscribed."""
        return ""

    def ask_notify(self, *, access: str, callback: str) -> list[Ask]:
        """This function will ask for nothing: a subscriber is the whole project's, not hers."""
        return []

    def ask_revoke(self, *, access: str, refresh: str, callback: str) -> list[Ask]:
        """This function will end our access."""
        return [Ask(f"{self.tokens}/revoke", {"token": refresh or access})]


def _not_ticked(body: Mapping[str, Any]) -> bool:
    """Whether an answer says that the token lacks the scope of this type."""
    error = body.get("error")
    details = error.get("details") if isinstance(error, Mapping) else None
    wanted = "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    return isinstance(details, list) and any(isinstance(one, Mapping) and one.get("reason") == wanted for one in details)


def _read(type_: str, point: Mapping[str, Any], zone: tzinfo) -> list[dict[str, Any]]:
    first, *others = type_.split("-")
    body = point[first + "".join(one.capitalize() for one in others)]
    told = point.get("dataSource") or {}
    source = named(f"Google Health {(told.get('device') or {}).get('displayName') or ''}", "Google Health")
    frame: dict[str, Any] = {"source": source, "key": key_of(type_, point.get("dataPointName") or point.get("name") or "")}
    if told.get("recordingMethod") == "MANUAL":
        frame["method"] = "self_reported"
    if type_ == "daily-resting-heart-rate":
        return [frame | _day(body["date"], zone) | {"kind": "rhr", "value": number(body["beatsPerMinute"]), "unit": "/min"}]
    if type_ in SAMPLES:
        time = body["sampleTime"]
        frame["at"] = _moment(time["physicalTime"], time.get("utcOffset"), zone).isoformat()
        found = [
            frame | {"kind": kind, "value": number(body[name]) / parts, "unit": unit}
            for kind, name, parts, unit in SAMPLES[type_]
            if body.get(name) is not None
        ]
        if not found:
            raise KeyError(type_)
        return found
    span = body["interval"]
    start, end = (_moment(span[f"{name}Time"], span.get(f"{name}UtcOffset"), zone) for name in ("start", "end"))
    frame |= {"at": start.isoformat(), "seconds": int((end - start).total_seconds())}
    if type_ == "steps":
        return [frame | {"kind": "steps", "value": number(body["count"]), "unit": "{steps}"}]
    return _night(body["summary"], frame | {"unit": "min"})


def _night(summary: Mapping[str, Any], frame: dict[str, Any]) -> list[dict[str, Any]]:
    """A night: minutes asleep, and of each stage where the wrist told them apart."""
    stages = [one for one in summary.get("stagesSummary") or [] if one["type"] in STAGES]
    found = [frame | {"kind": "sleep", "value": number(summary["minutesAsleep"])}]
    return found + [frame | {"kind": STAGES[one["type"]], "value": number(one["minutes"])} for one in stages]


def _day(date: Mapping[str, Any], zone: tzinfo) -> dict[str, Any]:
    """A value of a whole day of hers."""
    year, month, day = (int(number(date[name])) for name in ("year", "month", "day"))
    return {"at": datetime(year, month, day, tzinfo=zone).isoformat(), "seconds": 86400}


def _moment(text: str, offset: str | None, zone: tzinfo) -> datetime:
    """A moment of theirs by the clock of where she was: `offset` as in "-14400s", her own zone where it is missing."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no zone")
    there = timezone(timedelta(seconds=number(offset.removesuffix("s")))) if offset else zone
    return moment.astimezone(there)
