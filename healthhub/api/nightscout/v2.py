"""API 2: bearers, and the newest values as followers' watches ask for them."""

from datetime import timedelta
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse

from healthhub.api.nightscout import bearer, store
from healthhub.api.nightscout.door import Caller, Door, answer
from healthhub.api.nightscout.v1 import profile_of, with_rest
from healthhub.dialects.nightscout import asked, common, entries
from healthhub.dialects.nightscout.asked import Condition, Question
from healthhub.lib.refused import Invalid

ARROWS = ("-", "⇈", "↑", "↗", "→", "↘", "↓", "⇊", "-", "⇕")
PROPERTIES = ("bgnow", "delta", "direction", "buckets", "upbat")


class Bearer(Door):
    """GET authorization/request/<access token>: a bearer for eight hours."""

    needs: ClassVar = {"GET": "any"}

    def secret_of(self, request: HttpRequest) -> str:
        return str(self.kwargs["secret"])

    def get(self, request: HttpRequest, secret: str) -> HttpResponse:
        return answer(bearer.given(self.caller.viewer, now=self.caller.now))


def newest(caller: Caller, *, since: timedelta, limit: int = 1000) -> list[dict[str, Any]]:
    """This function will give the newest sgv documents, newest first."""
    question = with_rest(Question(limit=limit, since=caller.now - since), Condition("type", "eq", "sgv"))
    return store.found(caller, "entries", question)


class Properties(Door):
    """GET properties[/a,b]."""

    def get(self, request: HttpRequest, names: str = "") -> HttpResponse:
        wanted = [name for name in names.split(",") if name] or PROPERTIES
        unknown = sorted(set(wanted) - set(PROPERTIES))
        if unknown:
            raise Invalid("There is no such property.", code="unknown_property", field=unknown[0][:40])
        docs = newest(self.caller, since=timedelta(hours=1), limit=2)
        known = self._known(docs)
        return answer({name: known[name] for name in wanted if name in known})

    def _known(self, docs: list[dict[str, Any]]) -> dict[str, Any]:
        upbat = store.statuses(self.caller)
        known: dict[str, Any] = {"buckets": [_bucket(doc) for doc in docs]}
        if upbat:
            first = upbat[0]
            known["upbat"] = {
                "level": first["uploaderBattery"],
                "display": f"{first['uploaderBattery']}%",
                "devices": {first["device"]: first},
            }
        if docs:
            last, step = docs[0], docs[0]["delta"]
            place = entries.DIRECTIONS.index(last["direction"]) if last["direction"] in entries.DIRECTIONS else 0
            sign = "+" if step >= 0 else ""
            known["bgnow"] = _bucket(last)
            known["direction"] = {"value": last["direction"], "label": ARROWS[place], "entity": f"&#{ord(ARROWS[place])};"}
            known["delta"] = {"absolute": step, "mgdl": step, "scaled": step, "interpolated": False, "display": f"{sign}{step}"}
        return known


def _bucket(doc: dict[str, Any]) -> dict[str, Any]:
    sgv = {
        "_id": doc["_id"],
        "mgdl": doc["sgv"],
        "mills": doc["date"],
        "device": doc["device"],
        "direction": doc["direction"],
        "type": "sgv",
    }
    return {"mean": doc["sgv"], "last": doc["sgv"], "mills": doc["date"], "sgvs": [sgv]}


def all_of(caller: Caller, profile: dict[str, Any], *, since: timedelta) -> dict[str, Any]:
    """This function will give everything a follower draws, oldest first; `mills` beside each document as her program expects it."""
    span = Question(limit=asked.MOST, since=caller.now - since, sort="date", newest=False)
    docs = store.found(caller, "entries", span)
    for doc in docs:
        doc["mills"] = doc["date"]
        doc["mgdl"] = doc.get("sgv", doc.get("mbg"))
    given = store.found(caller, "treatments", span)
    for doc in given:
        doc["mills"] = doc["date"]
    return {
        "sgvs": [doc for doc in docs if doc["type"] == "sgv"],
        "mbgs": [doc for doc in docs if doc["type"] == "mbg"],
        "cals": [],
        "treatments": given,
        "devicestatus": store.statuses(caller)[::-1],
        "profiles": [profile],
        "food": [],
        "activity": [],
        "dbstats": {},
        "lastUpdated": common.ms_of(caller.now),
    }


class Everything(Door):
    """GET ddata/at[/<moment>]: two days of everything."""

    def get(self, request: HttpRequest, at: str = "") -> HttpResponse:
        caller = self.caller
        if at:
            moment = asked.moment(at, field="at")
            caller = Caller(caller.viewer, caller.patient_id, min(moment, caller.now))
        return answer(all_of(caller, profile_of(self), since=timedelta(days=2)))


class Summary(Door):
    """GET summary?hours=6."""

    def get(self, request: HttpRequest) -> HttpResponse:
        hours = request.GET.get("hours", "6")
        if not (hours.isascii() and hours.isdigit() and 0 < int(hours[:4]) <= 168):
            raise Invalid("Ask for 1 to 168 hours.", code="bad_hours", field="hours")
        body = all_of(self.caller, profile_of(self), since=timedelta(hours=int(hours)))
        sgvs = [{"sgv": doc["sgv"], "mills": doc["mills"]} for doc in body["sgvs"]]
        given = {"treatments": body["treatments"], "tempBasals": [], "targets": []}
        return answer({"sgvs": sgvs, "treatments": given, "profile": body["profiles"][0], "state": {}})
