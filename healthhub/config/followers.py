"""What Nightscout's sockets ask of the house (see healthhub.live.nightscout). The token is looked up anew at every question."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from healthhub.api.nightscout import acknowledging, store, v2
from healthhub.api.nightscout.acknowledging import LEVELS
from healthhub.api.nightscout.door import Caller, Door, caller_of, viewer_of_secret
from healthhub.api.nightscout.v1 import profile_of
from healthhub.audit import log
from healthhub.dialects.nightscout import common, treatments
from healthhub.lib.refused import Invalid, NotAllowed, NotVisible
from healthhub.live import bell
from healthhub.live.doors import Who
from healthhub.live.nightscout import ADDED, CHANGED, REMOVED, Guest, News, Tidings
from healthhub.people import access, tokens
from healthhub.people.access import BadToken
from healthhub.records import changes, timeline
from healthhub.records.catalogue import BY_NUMBER
from healthhub.records.models import Amendment, State
from monitoring import alerts, telling
from monitoring.models import LIVE_STATES, Alert, AlertState, Severity

MOST = 1000
LOOK_BACK = timedelta(minutes=2)  # for deletions, of which no new number tells
NAMES = {2: "urgent_alarm", 1: "alarm", 0: "notification"}


def authenticate(secret: str, slug: str | None, now: datetime) -> Guest | None:
    """This function will give the guest behind a secret; None for a wrong one and for another patient's."""
    try:
        viewer = viewer_of_secret(secret, now=now) if slug is None else caller_of(secret, slug, now=now).viewer
    except BadToken:
        return None
    if viewer.patient_id is None or viewer.token_id is None:
        return None
    name = f"token:{viewer.token_id}"
    who = Who(
        key=name,
        seat=name,
        group=bell.group_of_patient(viewer.patient_id),
        stamp="",
        token_id=viewer.token_id,
        patient_id=viewer.patient_id,
        kinds=viewer.kinds,
    )
    return Guest(who, viewer.may_read, viewer.may_write, tokens.person_behind(viewer.token_id) is not None and not viewer.kinds)


def caller(who: Who, now: datetime) -> Caller:
    """This function will give the caller that a socket's token is now. Raises BadToken once it is revoked."""
    if who.token_id is None or who.patient_id is None:
        raise BadToken
    return Caller(access.viewer_of_token_id(who.token_id, now), who.patient_id, now)


def everything(who: Who, now: datetime) -> tuple[int, dict[str, Any]]:
    """This function will give the number of the newest reading and two days of everything."""
    asks = caller(who, now)
    upto = timeline.last_seq(patient_id=asks.patient_id)
    door = Door()
    door.caller = asks
    status = {"status": "ok", "name": "HealthHub", "serverTime": common.iso(now)}
    return upto, v2.all_of(asks, profile_of(door), since=timedelta(days=2)) | {"status": status}


def newest(who: Who, now: datetime) -> int:
    """This function will give the number of the newest reading."""
    return timeline.last_seq(patient_id=caller(who, now).patient_id)


def news(who: Who, after: int, gone: frozenset[str], now: datetime) -> News:
    """This function will give what came after a number, and what was taken out lately and is not in `gone`."""
    asks = caller(who, now)
    found: list[tuple[str, str, dict[str, Any]]] = []
    upto = after
    for collection in store.LISTED:
        reach = store.wanted(asks, collection, action="read")
        numbers = sorted({*reach.plain, *reach.marked})
        rows = timeline.after(patient_id=asks.patient_id, kinds=numbers, seq=after, limit=MOST)
        upto = max([upto, *(row["seq"] for row in rows)])
        mine = [row for row in rows if row["state"] == State.CURRENT and _belongs(row, collection)]
        mine.sort(key=lambda row: (row["at"], row["seq"]), reverse=True)
        again = _corrections(asks, [row["seq"] for row in mine])
        ids = {common.own_id(seq) for seq in again}
        for doc in store.documents(collection, mine)[::-1]:
            found.append((CHANGED if doc["_id"] in ids or doc["identifier"] in ids else ADDED, collection, _with_mills(doc)))
        ended = changes.changed(reach, since=now - LOOK_BACK, strictly=True, limit=MOST)
        for doc in store.documents(collection, [row for row in ended if row["state"] == State.DELETED]):
            if doc["_id"] not in gone:
                found.append((REMOVED, collection, doc))
    if found:
        store.looked(asks, "socket")
    return News(upto, found)


def _with_mills(doc: dict[str, Any]) -> dict[str, Any]:
    return doc | {"mills": doc["date"]} | ({"mgdl": doc["sgv"]} if "sgv" in doc else {})


def _belongs(row: Mapping[str, Any], collection: str) -> bool:
    named = {**row, "kind": BY_NUMBER[row["kind"]].key}
    return treatments.is_treatment(named) == (collection == "treatments")


def _corrections(asks: Caller, seqs: Sequence[int]) -> list[int]:
    rows = Amendment.objects.filter(patient_id=asks.patient_id, replaced_by_seq__in=seqs)
    return [seq for seq in rows.values_list("replaced_by_seq", flat=True) if seq is not None]


def alarms(who: Who, now: datetime) -> list[tuple[str, dict[str, Any]]]:
    """This function will give the alarms that nobody has taken in hand."""
    asks = caller(who, now)
    if who.kinds:
        return []
    log.record(by=asks.viewer, did="alerts.read", patient_id=asks.patient_id, now=now)
    open_ = Alert.objects.select_related("patient").filter(patient_id=asks.patient_id, state__in=LIVE_STATES, acknowledged_by=None)
    return [_alarm(alert) for alert in open_.order_by("opened_at")]


def alarm(who: Who, alert_id: str, now: datetime) -> tuple[str, dict[str, Any]] | None:
    """This function will give one alert as an event: what sounds, or that it is quiet again. None for one that is not for this token."""
    asks = caller(who, now)
    try:
        alert = alerts.read(alert_id=alert_id, viewer=asks.viewer, now=now)
    except (NotVisible, NotAllowed):
        return None
    if alert.state in LIVE_STATES and alert.state != AlertState.ACKNOWLEDGED:
        return _alarm(alert)
    message = telling.texts(alert, "patient")[_language(alert)]["title"]
    return "clear_alarm", {"clear": True, "title": "All Clear", "message": message, "group": "default", "key": str(alert.id)}


def _language(alert: Alert) -> str:
    return alert.patient.user.language if alert.patient.user is not None else "zh-hans"


def _alarm(alert: Alert) -> tuple[str, dict[str, Any]]:
    level = LEVELS[Severity(alert.severity)]
    words = telling.texts(alert, "patient")[_language(alert)]
    body = {
        "level": level,
        "title": words["title"],
        "message": words["body"],
        "eventName": alert.rule_id,
        "plugin": {"name": "healthhub", "label": "HealthHub", "pluginType": "notification", "enabled": True},
        "pushoverSound": "persistent" if level == 2 else "climb",
        "group": "default",
        "key": str(alert.id),
        "debug": {},
    }
    return NAMES[level], body


def acknowledge(who: Who, level: int, silence_ms: int, now: datetime) -> bool:
    """This function will take the alarms of a level in hand for so long; False where the token may not, or nothing of the level sounds."""
    asks = caller(who, now)
    try:
        return acknowledging.acknowledge(asks, level=level, silence=timedelta(milliseconds=silence_ms)) > 0
    except NotAllowed:
        return False


def add(who: Who, collection: str, data: Any, now: datetime) -> list[dict[str, Any]]:
    """This function will take in documents as `POST` does, and answer them with `_id` and fate."""
    docs = data if isinstance(data, list) else [data]
    if not all(isinstance(doc, dict) for doc in docs) or len(docs) > MOST:
        raise Invalid("Send a document or a list of documents.", code="not_an_object")
    outcomes = store.receive(_writer(who, now), collection, docs)
    return [store.written(doc, outcome) for doc, outcome in zip(docs, outcomes, strict=True)]


def change(who: Who, collection: str, identifier: str, fields: Mapping[str, Any], unset: bool, now: datetime) -> str:
    """This function will set (or take away) fields of a document."""
    asks = _writer(who, now)
    old = store.rows_of(asks, collection, identifier, action="write") if collection in store.LISTED else []
    if not old or old[0]["state"] != State.CURRENT:
        return "Missing _id"
    whole = store.documents(collection, old)[0]
    given = {name: value for name, value in whole.items() if name not in fields} if unset else whole | dict(fields)
    store.replace(asks, collection, old, given)
    return "success"


def remove(who: Who, collection: str, identifier: str, now: datetime) -> str:
    """This function will take a document out."""
    try:
        store.remove(_writer(who, now), collection, identifier)
    except NotVisible:
        return "Missing _id"
    return "success"


def _writer(who: Who, now: datetime) -> Caller:
    asks = caller(who, now)
    if not asks.viewer.may_write:
        raise NotAllowed
    return asks


TIDINGS = Tidings(
    authenticate=authenticate,
    everything=everything,
    news=news,
    alarms=alarms,
    alarm=alarm,
    acknowledge=acknowledge,
    add=add,
    change=change,
    remove=remove,
    newest=newest,
)
