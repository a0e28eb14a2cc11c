"""API 1 (and what API 2 shares with it): entries, treatments, device status, and what clients ask before they begin."""

from collections.abc import Sequence
from dataclasses import replace as changed
from datetime import timedelta
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.utils.http import http_date, parse_http_date_safe

from healthhub.api.nightscout import store
from healthhub.api.nightscout.door import Door, answer, documents_of, params_of
from healthhub.dialects.nightscout import asked, common, entries, slices, told
from healthhub.dialects.nightscout.asked import Condition, Question
from healthhub.lib.refused import Invalid, NotVisible, Refused
from healthhub.people.models import Patient
from healthhub.records.models import State

COUNTS = {"entries": (10, 10), "treatments": (100, 1000), "devicestatus": (10, 10)}
AS_TEXT = {"txt": ("text/plain", "\t"), "tsv": ("text/tab-separated-values", "\t"), "csv": ("text/csv", ",")}


def units_of(patient: Patient) -> str:
    """This function will give the unit of glucose she reads, as Nightscout calls it."""
    return "mg/dl" if patient.user is not None and patient.user.glucose_unit == "mg/dL" else "mmol"


class Status(Door):
    """GET status."""

    needs: ClassVar = {"GET": "any"}

    def get(self, request: HttpRequest, form: str = "json") -> HttpResponse:
        if form == "txt":
            return HttpResponse("STATUS OK", content_type="text/plain")
        patient, viewer = self.caller.patient(), self.caller.viewer
        body = told.status(now=self.caller.now, units=units_of(patient), may_write=viewer.may_write, zone=patient.time_zone)
        if form == "js":
            text = answer({"serverSettings": body}).content.decode()
            return HttpResponse(f"this.serverSettings = {text[18:-1]};", content_type="application/javascript")
        return answer(body)


class VerifyAuth(Door):
    """GET verifyauth: always 200, whoever asks."""

    needs: ClassVar = {"GET": "any"}

    def get(self, request: HttpRequest) -> HttpResponse:
        viewer = self.caller.viewer
        return answer(told.verified(found=True, may_read=viewer.may_read, may_write=viewer.may_write))

    def refuse(self, refused: Refused) -> HttpResponse:
        return answer(told.verified(found=False, may_read=False, may_write=False))


class Documents(Door):
    """GET, POST and PUT of a collection of which any number may come at once."""

    def __init__(self, *, collection: str, **given: Any) -> None:
        super().__init__(**given)
        self.collection = collection  # type: ignore[misc] # of this one view

    def get(self, request: HttpRequest, form: str = "json") -> HttpResponse:
        count, found = COUNTS.get(self.collection, (10, 10))
        question = asked.of_v1(params_of(request), count=count, count_found=found)
        return answer(store.found(self.caller, self.collection, question))

    def post(self, request: HttpRequest, form: str = "json") -> HttpResponse:
        docs, _ = documents_of(request)
        return received(store.receive(self.caller, self.collection, docs), docs)

    def put(self, request: HttpRequest, form: str = "json") -> HttpResponse:
        """Replaces the documents whose `_id` we know, and takes in the others."""
        docs, _ = documents_of(request)
        outcomes = []
        for doc in docs:
            old = self._known(doc)
            outcomes.append(
                store.replace(self.caller, self.collection, old, doc) if old else store.receive(self.caller, self.collection, [doc])[0]
            )
        return received(outcomes, docs)

    def _known(self, doc: Any) -> list[dict[str, Any]]:
        identifier = doc.get("_id") or doc.get("identifier")
        if self.collection not in store.LISTED or not isinstance(identifier, str):
            return []
        rows = store.rows_of(self.caller, self.collection, identifier, action="write")
        return [row for row in rows if row["state"] == State.CURRENT]


def received(outcomes: Sequence[store.Outcome], docs: Sequence[Any]) -> HttpResponse:
    """This function will answer a batch: always a list, each document with `_id` and its fate; 422 where nothing in it could be read."""
    counts: dict[str, int] = {}
    for outcome in outcomes:
        counts[outcome.fate] = counts.get(outcome.fate, 0) + 1
    body = [store.written(doc, outcome) for doc, outcome in zip(docs, outcomes, strict=True)]
    headers = {"X-HealthHub-Fates": ", ".join(f"{fate}={n}" for fate, n in sorted(counts.items()))}
    nothing = bool(counts) and counts.keys() <= {"rejected", "outside_consent"}
    return answer(body, status=422 if nothing else 200, headers=headers)


class Entries(Documents):
    """Entries: also as lines."""

    def __init__(self, **given: Any) -> None:
        super().__init__(collection="entries", **given)

    def get(self, request: HttpRequest, form: str = "") -> HttpResponse:
        question = recent(asked.of_v1(params_of(request), count=10), self.caller.now)
        return if_changed(request, found_entries(self, question), form)


class EntriesOf(Door):
    """GET of entries of a type, of the newest, or of one by its id; DELETE of one.

    A lost phone must not be able to empty a record: documents are taken out one by one.
    """

    def get(self, request: HttpRequest, spec: str, form: str = "") -> HttpResponse:
        if spec not in ("sgv", "mbg", "cal", "current"):
            doc = store.one(self.caller, "entries", spec)
            if not doc["isValid"]:
                raise NotVisible
            return if_changed(request, [doc], form)
        question = recent(asked.of_v1(params_of(request), count=1 if spec == "current" else 10), self.caller.now)
        if spec != "current":
            question = with_rest(question, Condition("type", "eq", spec))
        return if_changed(request, found_entries(self, question), form)

    def delete(self, request: HttpRequest, spec: str, form: str = "") -> HttpResponse:
        return deleted(store.remove(self.caller, "entries", spec))


def if_changed(request: HttpRequest, docs: list[dict[str, Any]], form: str) -> HttpResponse:
    """This function will give entries, or 304 where the client has them already."""
    newest = max((doc["srvModified"] for doc in docs), default=0) // 1000
    since = parse_http_date_safe(request.headers.get("If-Modified-Since") or "")
    if newest and since is not None and newest <= since:
        return HttpResponse(status=304)
    response = shown(request, docs, form)
    if newest:
        response["Last-Modified"] = http_date(newest)
    return response


def found_entries(door: Door, question: Question) -> list[dict[str, Any]]:
    """This function will find entries; a condition on their type is asked of the documents in the database's order."""
    return store.found(door.caller, "entries", question)


def with_rest(question: Question, condition: Condition) -> Question:
    """This function will add a condition that is looked at in the documents."""
    return changed(question, conditions=(*question.conditions, condition), rest=(*question.rest, condition))


def recent(question: Question, now: Any) -> Question:
    """This function will look four days back where no date was named, as Nightscout does."""
    return question if question.dated else changed(question, since=now - store.USUAL)


def shown(request: HttpRequest, docs: list[dict[str, Any]], form: str) -> HttpResponse:
    """This function will give entries in the form that was asked for; tab-separated lines where none was."""
    if not form:
        accepted = request.headers.get("Accept", "*/*")
        form = "json" if "application/json" in accepted else "csv" if "text/csv" in accepted else "txt"
    if form == "json":
        return answer(docs)
    content_type, between = AS_TEXT[form]
    response = HttpResponse(entries.lines(docs, between=between), content_type=f"{content_type}; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response


def deleted(seqs: Sequence[int]) -> HttpResponse:
    """This function will answer a deletion as Mongo's driver does."""
    n = 1 if seqs else 0
    return answer({"acknowledged": True, "deletedCount": n, "n": n, "ok": 1, "result": {"n": n, "ok": 1}})


class OneDocument(Door):
    """GET or DELETE of one document of a collection by its id."""

    def get(self, request: HttpRequest, collection: str, spec: str) -> HttpResponse:
        doc = store.one(self.caller, collection, spec)
        if not doc["isValid"]:
            raise NotVisible
        return answer([doc])

    def delete(self, request: HttpRequest, collection: str, spec: str) -> HttpResponse:
        return deleted(store.remove(self.caller, collection, spec))


class Profile(Documents):
    """The profile: one, made of what we know; what a client would put there has no place here, and is told so."""

    def __init__(self, **given: Any) -> None:
        super().__init__(collection="profile", **given)

    def get(self, request: HttpRequest, form: str = "json") -> HttpResponse:
        store.looked(self.caller, "profile")
        return answer([profile_of(self)])


class Elsewhere(Door):
    """Food lists and activity: none is kept here, and whoever sends some is told so."""

    def get(self, request: HttpRequest, collection: str, form: str = "json") -> HttpResponse:
        return answer([])

    def post(self, request: HttpRequest, collection: str, form: str = "json") -> HttpResponse:
        docs, _ = documents_of(request)
        return received(store.receive(self.caller, collection, docs), docs)


class CurrentProfile(Door):
    """GET profile/current."""

    def get(self, request: HttpRequest, form: str = "json") -> HttpResponse:
        store.looked(self.caller, "profile")
        return answer(profile_of(self))


def profile_of(door: Door) -> dict[str, Any]:
    """This function will give the one profile of the patient."""
    patient = door.caller.patient()
    return told.profile(zone=patient.time_zone, units=units_of(patient), since=common.from_ms(common.FIRST_MS + 1))


class Times(Door):
    """GET times/<prefix>/<pattern> and slice/<collection>/<field>/<type>/<prefix>/<pattern>: entries by how their moment is written."""

    def get(self, request: HttpRequest, rest: str = "", collection: str = "entries", field: str = "dateString") -> HttpResponse:
        if collection != "entries" or field not in ("dateString", "sysTime"):
            raise Invalid("Only entries can be sliced, by dateString.", code="bad_slice", field="field")
        path, _, form = rest.rpartition(".") if rest.rsplit(".", 1)[-1] in ("json", *AS_TEXT) else (rest, "", "")
        parts = path.split("/")
        type_ = parts.pop(0) if "slice" in request.path.split("/") else ""
        wanted = slices.read([*parts, "", ""][0], [*parts, "", ""][1])
        question = asked.of_v1(params_of(request), count=asked.MOST)
        question = changed(question, since=max(question.since, wanted.since), until=min(question.until, wanted.until))
        if type_:
            question = with_rest(question, Condition("type", "eq", type_))
        docs = [doc for doc in store.found(self.caller, "entries", question) if wanted.matches(doc["dateString"])]
        return shown(request, docs, form)


class Count(Door):
    """GET count/<collection>/where?find..."""

    def get(self, request: HttpRequest, collection: str) -> HttpResponse:
        question = asked.of_v1(params_of(request), count=asked.MOST)
        return answer([{"_id": None, "count": len(store.found(self.caller, collection, question))}])


class Notifies(Door):
    """GET adminnotifies: there are none; an operator has her own page."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return answer({"status": 200, "message": {"notifies": [], "notifyCount": 0}})


class Pebble(Door):
    """GET pebble: the newest values for a watch."""

    def get(self, request: HttpRequest) -> HttpResponse:
        question = asked.of_v1(((name, text) for name, text in params_of(request) if name == "count"), count=1)
        newest = changed(question, since=self.caller.now - timedelta(days=2), limit=min(question.limit, 1000) + 1)
        docs = found_entries(self, with_rest(newest, Condition("type", "eq", "sgv")))
        factor = 18.0182 if request.GET.get("units") == "mmol" else 1
        battery = next((str(doc["uploaderBattery"]) for doc in store.statuses(self.caller)), None)
        bgs = [
            {
                "sgv": f"{doc['sgv'] / factor:.1f}" if factor != 1 else str(round(doc["sgv"])),
                "bgdelta": round(doc["delta"] / factor, 1) if factor != 1 else doc["delta"],
                "trend": max(0, entries.DIRECTIONS.index(doc["direction"])) if doc["direction"] in entries.DIRECTIONS else 0,
                "direction": doc["direction"],
                "datetime": doc["date"],
                "battery": battery,
            }
            for doc in docs[: newest.limit - 1]
        ]
        return answer({"status": [{"now": common.ms_of(self.caller.now)}], "bgs": bgs, "cals": []})


def versions(request: HttpRequest, slug: str) -> HttpResponse:
    """GET api/versions: the same for everybody."""
    return answer(told.VERSIONS)


versions.methods = ("GET",)  # type: ignore[attr-defined]
