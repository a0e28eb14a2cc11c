"""The shapes of requests and answers about alerts, limits, rules and the worklist."""

from typing import Any

from rest_framework import serializers

from healthhub.api.shapes import WordsSerializer
from healthhub.people.models import Patient, User
from monitoring.models import Alert, AlertState, Severity
from monitoring.states import OUTCOMES
from monitoring.worklist import Worklist


class PersonSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class StepSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    did = serializers.CharField()
    by = PersonSerializer(allow_null=True, help_text="Null: the system.")
    from_state = serializers.CharField(allow_blank=True)
    to_state = serializers.CharField()
    detail = serializers.DictField()


class AlertSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    patient = serializers.UUIDField(source="patient_id")
    rule = serializers.CharField(source="rule_id")
    rule_version = serializers.CharField()
    data_class = serializers.CharField()
    severity = serializers.ChoiceField(Severity.choices)
    state = serializers.ChoiceField(AlertState.choices)
    opened_at = serializers.DateTimeField()
    evidence_at = serializers.DateTimeField()
    last_evidence_at = serializers.DateTimeField()
    count = serializers.IntegerField(help_text="How many readings met the rule in this episode.")
    evidence = serializers.DictField(help_text="Inputs, limits, reasons, source of the rule, and the texts as shown.")
    acknowledged_by = PersonSerializer(allow_null=True)
    acknowledged_until = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    closed_by = PersonSerializer(allow_null=True)
    outcome = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField()


class AlertWithStepsSerializer(AlertSerializer):
    steps = StepSerializer(many=True, source="ordered_steps")


class AlertsQuery(serializers.Serializer[Any]):
    state = serializers.ChoiceField(["open", "closed"], default="open")
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)


class AcknowledgeShape(serializers.Serializer[Any]):
    until = serializers.DateTimeField(required=False, help_text="When it comes back if nobody closed it; by severity if left out.")
    take_over = serializers.BooleanField(default=False, help_text="Take it from the person who has it.")


class SnoozeShape(serializers.Serializer[Any]):
    until = serializers.DateTimeField()


class NoteShape(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=2000)


class ResolveShape(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(OUTCOMES)
    text = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class LimitShape(serializers.Serializer[Any]):
    rule = serializers.CharField(max_length=40, help_text="A rule's id, or `figures` for personal figures such as pef_best.")
    changes = serializers.DictField(help_text='{"off": true} or {"<limit>": {"value": 170, "unit": "mm[Hg]"}}.')
    reason = serializers.CharField(max_length=400)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class LimitSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    rule = serializers.CharField(source="rule_id")
    changes = serializers.DictField()
    reason = serializers.CharField()
    set_by = PersonSerializer()
    set_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class PlanRuleSerializer(serializers.Serializer[Any]):
    rule = serializers.CharField()
    version = serializers.CharField()
    name = WordsSerializer()
    severity = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    data_class = serializers.CharField()
    limits = serializers.DictField()
    off = serializers.BooleanField()
    open = serializers.BooleanField()
    set_by = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)


class RuleShape(serializers.Serializer[Any]):
    definition = serializers.DictField(help_text="As in the packs: id, version, severity, kinds, condition, texts, source.")
    reason = serializers.CharField(max_length=400)


class SavedRuleSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    rule = serializers.CharField(source="rule_id")
    version = serializers.IntegerField()
    definition = serializers.DictField()
    reason = serializers.CharField()
    saved_by = PersonSerializer()
    saved_at = serializers.DateTimeField()
    active = serializers.BooleanField()


class BacktestShape(serializers.Serializer[Any]):
    """A rule of the pack (`rule`, with `changes` of its limits) or one not saved yet (`definition`), over the past of some patients."""

    rule = serializers.CharField(max_length=40, required=False)
    changes = serializers.DictField(required=False)
    definition = serializers.DictField(required=False)
    patients = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=200, help_text="Your panel when left out.")
    days = serializers.IntegerField(min_value=1, max_value=366, default=90)


class EpisodeSerializer(serializers.Serializer[Any]):
    patient = serializers.UUIDField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField(allow_null=True)
    count = serializers.IntegerField()
    peak = serializers.FloatField(allow_null=True)
    night = serializers.BooleanField()


class BacktestSerializer(serializers.Serializer[Any]):
    rule = serializers.CharField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    patients = serializers.IntegerField()
    patients_with_readings = serializers.IntegerField()
    episodes = serializers.IntegerField()
    nights = serializers.IntegerField(help_text="Episodes that would have begun between 22:00 and 06:00 local time.")
    per_patient_month = serializers.FloatField()
    examples = EpisodeSerializer(many=True, help_text="The newest, 200 at most.")


class WorklistQuery(serializers.Serializer[Any]):
    after = serializers.CharField(max_length=10, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=200, default=100)


class WorklistRowSerializer(serializers.Serializer[Any]):
    patient = PersonSerializer()
    conditions = serializers.ListField(child=serializers.CharField(), source="patient.conditions")
    bucket = serializers.CharField()
    alerts = AlertSerializer(many=True)
    last_received_at = serializers.DateTimeField(allow_null=True)


class WorklistSerializer(serializers.Serializer[Any]):
    counts = serializers.DictField(child=serializers.IntegerField())
    next = serializers.CharField(allow_null=True)
    rows = WorklistRowSerializer(many=True)


def worklist_shown(found: Worklist) -> dict[str, Any]:
    """This function will give what `WorklistSerializer` gives (a test compares them), ready for msgspec, in a tenth of its time."""
    return {
        "counts": found.counts,
        "next": found.next,
        "rows": [
            {
                "patient": _person(row.patient),
                "conditions": row.patient.conditions,
                "bucket": row.bucket,
                "alerts": [_alert(alert) for alert in row.alerts],
                "last_received_at": row.last_received_at,
            }
            for row in found.rows
        ],
    }


def _person(person: Patient | User | None) -> dict[str, Any] | None:
    return None if person is None else {"id": person.id, "name": person.name}


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "patient": alert.patient_id,
        "rule": alert.rule_id,
        "rule_version": alert.rule_version,
        "data_class": alert.data_class,
        "severity": str(alert.severity),
        "state": str(alert.state),
        "opened_at": alert.opened_at,
        "evidence_at": alert.evidence_at,
        "last_evidence_at": alert.last_evidence_at,
        "count": alert.count,
        "evidence": alert.evidence,
        "acknowledged_by": _person(alert.acknowledged_by),
        "acknowledged_until": alert.acknowledged_until,
        "closed_at": alert.closed_at,
        "closed_by": _person(alert.closed_by),
        "outcome": alert.outcome,
        "note": alert.note,
        "version": alert.version,
    }
