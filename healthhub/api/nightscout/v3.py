"""API 3: one document at a time, searched, changed, softly deleted, and followed by what changed since."""

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import http_date, parse_http_date_safe

from healthhub.api.nightscout import store
from healthhub.api.nightscout.door import Door3, answer, body_of, params_of
from healthhub.api.nightscout.v1 import profile_of
from healthhub.dialects.nightscout import asked, common, told
from healthhub.lib.refused import Invalid, NotAllowed, NotVisible
from healthhub.records import changes
from healthhub.records.catalogue import BY_KEY
from healthhub.records.models import State

MOST = 1000
KIND_OF = {"sgv": "cgm", "mbg": "glucose"}
WIDEST = 1440
MOMENTS = frozenset({"date", "created_at", "timestamp", "dateString", "sysTime"})


class Gone(NotVisible):
    """The document was deleted."""

    code = "gone"
    sentence = "This document was deleted."
    status = 410


class Nowhere(NotVisible):
    """There is no such collection."""

    code = "no_collection"
    sentence = "Bad operation or collection"


class InCollection(Door3):
    """A view of one collection, named in the path."""

    col: str

    def collection_of(self, col: str) -> str:
        """This function will give the collection, or raise Nowhere; settings are for administrators, of whom there is none here."""
        if col not in told.COLLECTIONS:
            raise Nowhere
        if col == "settings":
            raise NotAllowed("Missing permission api:settings:admin", code="missing_permission")
        return col

    def refuse(self, refused: Any) -> HttpResponse:
        if isinstance(refused, Nowhere):
            return answer({"status": 404, "message": refused.sentence}, status=404)
        if isinstance(refused, Gone):
            return answer({"status": 410}, status=410)
        return super().refuse(refused)


def version(request: HttpRequest, slug: str) -> HttpResponse:
    """GET version: the same for everybody."""
    return answer({"status": 200, "result": told.version_3(timezone.now())})


version.methods = ("GET",)  # type: ignore[attr-defined]


class Status(Door3):
    """GET status: the version, and what this bearer may do."""

    needs: ClassVar = {"GET": "any"}

    def get(self, request: HttpRequest) -> HttpResponse:
        viewer = self.caller.viewer
        may = told.letters(may_read=viewer.may_read, may_write=viewer.may_write)
        rights = {name: may for name in told.COLLECTIONS if name != "settings"}
        return answer({"status": 200, "result": told.version_3(self.caller.now) | {"apiPermissions": rights}})


class LastModified(Door3):
    """GET lastModified: when each collection last changed, in milliseconds."""

    def get(self, request: HttpRequest) -> HttpResponse:
        store.looked(self.caller, "lastModified")
        found: dict[str, int] = {}
        for name in store.LISTED:
            last = changes.last_changed(store.wanted(self.caller, name, action="read"))
            if last is not None:
                found[name] = common.ms_of(last)
        statuses = store.statuses(self.caller)
        if statuses:
            found["devicestatus"] = max(doc["srvModified"] for doc in statuses)
        return answer({"status": 200, "result": {"srvDate": common.ms_of(self.caller.now), "collections": found}})


def checked(doc: Any) -> dict[str, Any]:
    """This function will check what API 3 asks of every document: `date`, `utcOffset` where given, `app`. Raises Invalid."""
    if not isinstance(doc, dict):
        raise Invalid("Bad or missing request body", code="not_an_object")
    date, offset, app = doc.get("date", doc.get("created_at")), doc.get("utcOffset"), doc.get("app")
    if isinstance(date, bool) or not isinstance(date, int | float | str) or (isinstance(date, int | float) and date <= common.FIRST_MS):
        raise Invalid("Bad or missing date field", code="bad_time", field="date")
    if offset is not None and (isinstance(offset, bool) or not isinstance(offset, int | float) or not -WIDEST <= offset <= WIDEST):
        raise Invalid("Bad or missing utcOffset field", code="bad_offset", field="utcOffset")
    if not isinstance(app, str) or not app.strip():
        raise Invalid("Bad or missing app field", code="missing_field", field="app")
    if "identifier" in doc and not (isinstance(doc["identifier"], str) and doc["identifier"]):
        raise Invalid("Bad or missing identifier field", code="bad_identifier", field="identifier")
    return doc


class Collection(InCollection):
    """GET (search) and POST (create) of a collection."""

    def get(self, request: HttpRequest, col: str) -> HttpResponse:
        col = self.collection_of(col)
        question = asked.of_v3(params_of(request), limit_at_most=MOST)
        if col == "profile":
            store.looked(self.caller, col)
            docs = asked.answered([profile_of(self)], question)
        else:
            docs = store.found(self.caller, col, question)
        return answer({"status": 200, "result": docs})

    def post(self, request: HttpRequest, col: str) -> HttpResponse:
        col = self.collection_of(col)
        doc = checked(body_of(request))
        identifier = doc.get("identifier") or common.identifier_of(doc)
        twin = self._twin(col, doc)
        given = {**doc, "identifier": identifier}
        if twin is not None:  # the same fact was sent under another id, or none: it keeps its place
            outcome = store.replace(self.caller, col, [twin], {**doc, "device": twin["source"]})
        else:
            outcome = store.receive(self.caller, col, [given])[0]
        return self._created(outcome, identifier, twin)

    def _twin(self, col: str, doc: dict[str, Any]) -> dict[str, Any] | None:
        """An entry of the same moment and type that came by another way."""
        kind = KIND_OF.get(str(doc.get("type")))
        date = doc.get("date")
        if col != "entries" or kind is None or isinstance(date, str) or date is None:
            return None
        at = common.from_ms(int(min(date, common.LAST_MS)))
        reach = store.wanted(self.caller, col, action="write")
        rows = changes.span(reach, since=at, until=at + timedelta(milliseconds=1), limit=20)
        same = [row for row in rows if row["kind"] == BY_KEY[kind].number]
        return same[0] if same else None

    def _created(self, outcome: store.Outcome, identifier: str, twin: dict[str, Any] | None) -> HttpResponse:
        if outcome.fate in ("rejected", "outside_consent"):
            status = 403 if outcome.fate == "outside_consent" else 400
            sentence = outcome.why.get("sentence", "Her consent or the token's scope does not cover this.")
            return answer({"status": status, "message": sentence, **outcome.as_dict()}, status=status)
        now = common.ms_of(self.caller.now)
        body: dict[str, Any] = {"status": 201, "identifier": identifier, "lastModified": now, **outcome.as_dict()}
        if outcome.fate == "duplicate" or (twin is not None and outcome.kept):
            # 201 and not 200: an uploader that knows nothing else falls over, and the others take both.
            body["isDeduplication"] = True
            if twin is not None and twin["key"] != identifier:
                body["identifier"] = twin["key"] or common.own_id(twin["seq"])
                body["deduplicatedIdentifier"] = identifier
        location = f"{self.request.path.rstrip('/')}/{body['identifier']}"
        return answer(body, status=201, headers={"Location": location, "Last-Modified": http_date(now // 1000)})


class One(InCollection):
    """GET, PUT, PATCH and DELETE of one document."""

    def get(self, request: HttpRequest, col: str, identifier: str) -> HttpResponse:
        col = self.collection_of(col)
        if col == "profile":
            store.looked(self.caller, col)
            doc = profile_of(self)
            if doc["identifier"] != identifier:
                raise NotVisible
        else:
            doc = store.one(self.caller, col, identifier)
        if not doc.get("isValid", True):
            raise Gone
        modified = doc.get("srvModified", doc["date"])
        fields = [name for name in request.GET.get("fields", "").split(",") if name and name != "_all"]
        shown = {name: doc[name] for name in fields if name in doc} if fields else doc
        return answer({"status": 200, "result": shown}, headers={"Last-Modified": http_date(modified // 1000)})

    def put(self, request: HttpRequest, col: str, identifier: str) -> HttpResponse:
        col = self.collection_of(col)
        doc = checked(body_of(request))
        old = self._current(col, identifier)
        if old:
            return self._updated(store.replace(self.caller, col, old, doc), 200)
        outcome = store.receive(self.caller, col, [{**doc, "identifier": identifier}])[0]
        if outcome.fate in ("rejected", "outside_consent"):
            raise Invalid(outcome.why.get("sentence"), code=outcome.why.get("code"), field=outcome.why.get("field"))
        return self._updated(outcome, 201)

    def patch(self, request: HttpRequest, col: str, identifier: str) -> HttpResponse:
        col = self.collection_of(col)
        change = body_of(request)
        if not isinstance(change, dict):
            raise Invalid("Bad or missing request body", code="not_an_object")
        old = self._current(col, identifier)
        if not old:
            raise NotVisible
        whole = store.documents(col, old)[0]
        if change.keys() & MOMENTS:
            whole = {name: value for name, value in whole.items() if name not in MOMENTS}
        return self._updated(store.replace(self.caller, col, old, {**whole, **change}), 200)

    def delete(self, request: HttpRequest, col: str, identifier: str) -> HttpResponse:
        """Always a soft one, whatever `permanent` says: what was measured stays on file."""
        col = self.collection_of(col)
        if not self._current(col, identifier):
            raise NotVisible
        store.remove(self.caller, col, identifier)
        return answer({"status": 200})

    def _current(self, col: str, identifier: str) -> list[dict[str, Any]]:
        rows = store.rows_of(self.caller, col, identifier, action="write") if col in store.LISTED else []
        if rows and rows[0]["state"] == State.DELETED:
            raise Gone
        seen = request_date(self.request)
        if rows and seen is not None and max(row["modified"] for row in rows) >= seen + timedelta(seconds=1):
            raise ChangedSince
        return rows

    def _updated(self, outcome: store.Outcome, status: int) -> HttpResponse:
        now = common.ms_of(self.caller.now)
        headers = {"Last-Modified": http_date(now // 1000)}
        return answer({"status": status, "lastModified": now, **outcome.as_dict()}, status=status, headers=headers)


class ChangedSince(Invalid):
    """If-Unmodified-Since names a moment before the last change."""

    code = "changed_since"
    sentence = "The document has changed since."
    status = 412


def request_date(request: HttpRequest) -> datetime | None:
    """This function will read If-Unmodified-Since; None without."""
    stated = parse_http_date_safe(request.headers.get("If-Unmodified-Since") or "")
    return None if stated is None else datetime.fromtimestamp(stated, UTC)


class History(InCollection):
    """GET history/<ms> (after it) or history with a Last-Modified header (from it on): what changed, deletions too."""

    def get(self, request: HttpRequest, col: str, since: str = "") -> HttpResponse:
        col = self.collection_of(col)
        question = asked.of_v3(params_of(request), limit_at_most=MOST)
        moment, strictly = self._since(request, since)
        store.looked(self.caller, col)
        if col in store.LISTED:
            reach = store.wanted(self.caller, col, action="read")
            rows = changes.changed(reach, since=moment, strictly=strictly, limit=question.limit)
            docs = store.documents(col, rows)
        else:
            known = store.statuses(self.caller) if col == "devicestatus" else []
            docs = [doc for doc in known if common.from_ms(doc["srvModified"]) > moment]
        if not docs:
            return answer({"status": 200, "result": []})
        docs.sort(key=lambda doc: doc["srvModified"])
        last = docs[-1]["srvModified"]
        if question.fields:
            docs = [{name: doc[name] for name in question.fields if name in doc} for doc in docs]
        headers = {"ETag": f'W/"{last}"', "Last-Modified": http_date(last // 1000)}
        return answer({"status": 200, "result": docs}, headers=headers)

    def _since(self, request: HttpRequest, since: str) -> tuple[datetime, bool]:
        if since:
            if not (since.isascii() and since.isdigit() and len(since) < 15):
                raise Invalid("Bad or missing Last-Modified header/parameter", code="bad_time", field="lastModified")
            return asked.moment(since, field="lastModified"), True
        stated = parse_http_date_safe(request.headers.get("Last-Modified") or "")
        if stated is None:
            raise Invalid("Bad or missing Last-Modified header/parameter", code="bad_time", field="lastModified")
        return datetime.fromtimestamp(stated, UTC), False
