"""FHIR R4 Subscription at /fhir/R4/: asked for, looked at, ended; and what is new, written for `monitoring.subscriptions`."""

from datetime import datetime
from typing import Any, ClassVar

from django.http import HttpResponse, QueryDict
from django.utils import timezone, translation

from healthhub.api import fhir_findings, fhir_search, readings
from healthhub.api.auth import Asked, DeniedByDefault
from healthhub.api.fhir import observations_shown
from healthhub.api.fhir_answers import FHIRView, answer, base_of, body_in, searchset
from healthhub.dialects import fhir_subscription
from healthhub.lib.refused import Invalid, NotAllowed
from healthhub.people import access, smart
from healthhub.people.access import Viewer
from healthhub.people.models import User
from healthhub.records import found, timeline
from healthhub.records.models import State
from monitoring import alert_search, subscriptions
from monitoring.models import Subscription
from monitoring.subscriptions import News, Wanted

AT_ONCE = 8  # resources of a step: each may take the address four seconds


class Subscriptions(FHIRView):
    """GET and POST /fhir/R4/Subscription."""

    does: ClassVar = {"GET": "read", "POST": "read"}
    permission_classes = (DeniedByDefault,)  # how far an app reaches is asked for the type that is meant

    def get(self, request: Asked) -> HttpResponse:
        """What the viewer asked for herself."""
        fhir_search.check_names(request.GET, ())
        rows = subscriptions.mine(by=request.viewer, now=timezone.now())
        return answer(searchset(request, [_shown(row) for row in rows], links={"self": request.build_absolute_uri()}))

    def post(self, request: Asked) -> HttpResponse:
        """Ask to be told what is new of one patient from now on."""
        fhir_search.check_names(request.GET, ())
        now, asked = timezone.now(), fhir_subscription.read(body_in(request._request))
        viewer = smart.reaches(request.viewer, [asked.resource])
        wanted = _wanted(asked, viewer, now)
        place = subscriptions.start_of(patient_id=wanted.patient_id, resource=wanted.resource, now=now)
        row = subscriptions.ask(wanted, by=request.viewer, place=place, now=now)
        headers = {"Location": f"{base_of(request)}/Subscription/{row.id}/_history/1", "ETag": 'W/"1"'}
        return answer(_shown(row), status=201, headers=headers)


class OneSubscription(FHIRView):
    """GET and DELETE /fhir/R4/Subscription/{id}."""

    does: ClassVar = {"GET": "read", "DELETE": "read"}
    permission_classes = (DeniedByDefault,)

    def get(self, request: Asked, resource_id: str) -> HttpResponse:
        """How it stands: active, in error, or off and why."""
        fhir_search.check_names(request.GET, ())
        return answer(_shown(subscriptions.one(resource_id, by=request.viewer, now=timezone.now())), headers={"ETag": 'W/"1"'})

    def delete(self, request: Asked, resource_id: str) -> HttpResponse:
        """End it."""
        fhir_search.check_names(request.GET, ())
        subscriptions.end(resource_id, by=request.viewer, now=timezone.now())
        return answer(None, status=204)


def _shown(row: Subscription) -> dict[str, Any]:
    return fhir_subscription.subscription(vars(row))


def _wanted(asked: fhir_subscription.Asked, viewer: Viewer, now: datetime) -> Wanted:
    """The criteria as a search that this viewer may make now. Raises as that search would."""
    query = QueryDict(asked.query)
    fhir_search.check_names(query, ("patient", "code", "category") if asked.resource == "Observation" else ("patient",))
    if asked.resource == "Flag" and viewer.kind == "token":
        raise NotAllowed
    if asked.channel == "websocket" and viewer.organisation_id:
        raise Invalid("A system is told by rest-hook.", code="not_supported", field="Subscription.channel.type")
    if asked.ends_at is not None and asked.ends_at <= now:
        raise Invalid("The end must lie in the future.", code="out_of_range", field="Subscription.end")
    opened = readings.open_for(viewer, fhir_search.patient_in(query, viewer), kinds=None, now=now)
    narrowed = "code" in query or "category" in query
    kinds = fhir_search.kinds_in(query, opened.numbers) if narrowed else []
    if narrowed and not kinds:
        raise Invalid("There is nothing of this kind that you may read.", code="unknown_code", field="Subscription.criteria")
    return Wanted(
        patient_id=opened.patient.id,
        criteria=asked.criteria,
        resource=asked.resource,
        kinds=kinds,
        channel=asked.channel,
        endpoint=asked.endpoint,
        headers=asked.headers,
        payload=asked.payload,
        reason=asked.reason,
        ends_at=asked.ends_at,
    )


def write(row: Subscription, viewer: Viewer, now: datetime) -> News:
    """This function will write what is new for a subscription's owner, as far as it is open to her now; for `subscriptions.work`."""
    person = User.objects.filter(id=row.user_id).first() if row.user_id else None
    with translation.override(person.language if person else translation.get_language()):
        return _readings(row, viewer, now) if row.resource == "Observation" else _alerts(row, viewer, now)


def _readings(row: Subscription, viewer: Viewer, now: datetime) -> News:
    opened = readings.open_for(viewer, str(row.patient_id), kinds=None, now=now)
    kinds = [number for number in opened.numbers if number in row.kinds or not row.kinds]
    last = timeline.last_seq(patient_id=row.patient_id)
    rows = timeline.after(patient_id=row.patient_id, kinds=kinds, seq=row.place["seq"], limit=AT_ONCE)
    counting = [one for one in rows if one["state"] == State.CURRENT]
    sources = found.sources(patient_id=row.patient_id, kinds=kinds) if counting else {}
    more = len(rows) == AT_ONCE
    place = rows[-1]["seq"] if more else max([last, *(one["seq"] for one in rows)])
    return News(observations_shown(row.patient_id, counting, sources), {"seq": place}, more)


def _alerts(row: Subscription, viewer: Viewer, now: datetime) -> News:
    """Alerts with a step since the last look, by the version that was told of each."""
    since, told = datetime.fromisoformat(row.place["at"]) - subscriptions.LATE_STEPS, row.place["told"]
    seen = alert_search.changed(viewer=viewer, patient_id=row.patient_id, since=since, now=now)
    fresh = [alert for alert in seen if alert.version > told.get(str(alert.id), 0)]
    clinical = access.may(viewer, row.patient_id, action="clinical", now=now)
    first, more = fresh[:AT_ONCE], len(fresh) > AT_ONCE
    told_now = {str(alert.id): told[str(alert.id)] for alert in seen if str(alert.id) in told}
    told_now |= {str(alert.id): alert.version for alert in first}
    written = [fhir_findings.Flags().written(alert, clinical=clinical) for alert in first]
    return News(written, {"at": row.place["at"] if more else now.isoformat(), "told": told_now}, more)
