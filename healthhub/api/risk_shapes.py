"""The shapes of requests and answers about risk: models, assessments, scores, forecasts, what-if questions and outcomes."""

from typing import Any

from rest_framework import serializers

from healthhub.api.alert_shapes import PersonSerializer
from healthhub.api.shapes import WordsSerializer
from risk.models import Assessment, Outcome, Version


class ProblemSerializer(serializers.Serializer[Any]):
    """Why there is no answer, and how to come by what is missing."""

    code = serializers.CharField()
    field = serializers.CharField(allow_blank=True)
    words = WordsSerializer()
    how = serializers.CharField(allow_null=True, help_text="ask, measure, order, test or look; null where nothing would help.")


class BandSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    words = WordsSerializer()


class ModelBandSerializer(BandSerializer):
    lowest = serializers.FloatField()
    severity = serializers.CharField()
    margin = serializers.FloatField(help_text="How far below `lowest` the value must fall before the band is left.")


class RangeSerializer(serializers.Serializer[Any]):
    low = serializers.FloatField()
    high = serializers.FloatField()


class ModelInputSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = WordsSerializer()  # type: ignore[assignment]
    unit = serializers.CharField(allow_blank=True)
    group = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment]
    changeable = serializers.BooleanField(help_text="What-if questions may vary it, within the trained range.")
    trained = RangeSerializer(allow_null=True)


class ModelSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    name = WordsSerializer()
    what = WordsSerializer()
    not_for = WordsSerializer()
    live = serializers.BooleanField(help_text="Computed by itself when relevant readings come in.")
    staff_only = serializers.BooleanField()
    bands = ModelBandSerializer(many=True)
    inputs = ModelInputSerializer(many=True)
    version = serializers.CharField(help_text="The version that speaks.")
    version_id = serializers.UUIDField(allow_null=True, help_text="Null before it was used here for the first time.")
    released = serializers.BooleanField(help_text="It came with the release; else it was trained here.")
    marked_at = serializers.DateTimeField(allow_null=True, help_text="Since when its calibration is outside the corridor.")
    figures = serializers.DictField()


class CardQuery(serializers.Serializer[Any]):
    language = serializers.ChoiceField(["zh-hans", "en"], required=False, help_text="Of the request, when left out.")


class CardSerializer(serializers.Serializer[Any]):
    model = serializers.CharField()
    language = serializers.CharField()
    markdown = serializers.CharField()


class VersionSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    model = serializers.CharField()
    version = serializers.CharField()
    released = serializers.BooleanField()
    state = serializers.ChoiceField(Version.State.values)
    since = serializers.DateTimeField()
    trained_by = PersonSerializer(allow_null=True)
    decided_by = PersonSerializer(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    marked_at = serializers.DateTimeField(allow_null=True)
    figures = serializers.SerializerMethodField()

    def get_figures(self, version: Version) -> dict[str, Any]:
        """This function will give the figures of its training."""
        return dict(version.about.get("figures") or {})


class ReasonShape(serializers.Serializer[Any]):
    reason = serializers.CharField(min_length=3, max_length=400)


class WatchQuery(serializers.Serializer[Any]):
    days = serializers.IntegerField(min_value=1, max_value=3660, default=90)


class WatchDaySerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    n = serializers.IntegerField()
    abstained = serializers.IntegerField()
    psi = serializers.DictField(help_text="Input -> population stability index against the training sample.")
    observed = serializers.FloatField(allow_null=True)
    expected = serializers.FloatField(allow_null=True)
    oe = serializers.FloatField(allow_null=True, help_text="Observed over expected.")
    burden = serializers.DictField()


class WatchSerializer(serializers.Serializer[Any]):
    version_id = serializers.UUIDField()
    version = serializers.CharField()
    state = serializers.ChoiceField(Version.State.values)
    marked_at = serializers.DateTimeField(allow_null=True)
    agreed = serializers.IntegerField(help_text="Clinicians' newest opinions of its assessments.")
    disagreed = serializers.IntegerField()
    days = WatchDaySerializer(many=True)


class ShortSerializer(serializers.Serializer[Any]):
    """The value with its 90 % interval, or what is missing (`problems`): one of the two."""

    id = serializers.UUIDField()
    model = serializers.CharField()
    version = serializers.CharField()
    as_of = serializers.DateTimeField()
    why = serializers.ChoiceField(Assessment.Why.values)
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    unit = serializers.CharField(allow_blank=True, help_text="Blank or 1: a probability.")
    band = BandSerializer(allow_null=True)
    was_band = serializers.CharField(allow_blank=True)
    sentence = WordsSerializer(help_text="For clinicians with figures, for everybody else in plain words.")
    problems = ProblemSerializer(many=True)


class ShareSerializer(serializers.Serializer[Any]):
    group = serializers.CharField()
    label = WordsSerializer()  # type: ignore[assignment]
    share = serializers.FloatField()
    inputs = serializers.ListField(child=serializers.CharField())


class InputSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = WordsSerializer()  # type: ignore[assignment]
    unit = serializers.CharField(allow_blank=True)
    value = serializers.FloatField()
    measured_at = serializers.DateTimeField(allow_null=True)
    age_hours = serializers.FloatField(allow_null=True, help_text="How old it was then; null for a fact without a date.")


class HeadSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    unit = serializers.CharField(allow_blank=True)


class AssessmentSerializer(ShortSerializer):
    data_class = serializers.CharField(allow_blank=True)
    base = serializers.FloatField(allow_null=True)
    raw = serializers.FloatField(allow_null=True, help_text="`base` and all shares together.")
    contributions = ShareSerializer(many=True)
    inputs = InputSerializer(many=True)
    heads = HeadSerializer(many=True, help_text="Further answers of the model.")


class AssessmentsQuery(serializers.Serializer[Any]):
    model = serializers.CharField(max_length=40, required=False)
    since = serializers.DateTimeField(required=False)
    limit = serializers.IntegerField(min_value=1, max_value=200, default=20)


class StandingSerializer(serializers.Serializer[Any]):
    model = serializers.CharField()
    name = WordsSerializer()
    band = BandSerializer(allow_null=True, help_text="Held while the model abstains.")
    band_since = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    assessment = ShortSerializer()


class ScoreInputSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    value = serializers.JSONField(help_text="A number, a word, or yes or no.")
    unit = serializers.CharField(allow_blank=True)
    kind = serializers.CharField(allow_null=True, help_text="The kind of reading; null for a fact of the record.")
    measured_at = serializers.DateTimeField(allow_null=True)
    age_hours = serializers.FloatField(allow_null=True)


class ScoreSerializer(serializers.Serializer[Any]):
    score = serializers.CharField()
    name = WordsSerializer()
    default = serializers.BooleanField()
    population = WordsSerializer()
    citation = serializers.CharField()
    version = serializers.CharField()
    unit = serializers.CharField(allow_blank=True)
    value = serializers.FloatField(allow_null=True)
    band = BandSerializer(allow_null=True)
    parts = serializers.DictField()
    notes = WordsSerializer(many=True)
    inputs = ScoreInputSerializer(many=True)
    problems = ProblemSerializer(many=True)


class NeedSerializer(serializers.Serializer[Any]):
    """What one wants to know of her, and the published scores that answer it, the default first."""

    need = serializers.CharField(allow_blank=True)
    name = WordsSerializer()
    scores = ScoreSerializer(many=True)
    why = WordsSerializer(allow_null=True, help_text="Why no score fits her.")
    problems = ProblemSerializer(many=True)


class RiskSerializer(serializers.Serializer[Any]):
    models = StandingSerializer(many=True)
    scores = NeedSerializer(many=True)


class OpinionShape(serializers.Serializer[Any]):
    agrees = serializers.BooleanField()
    reason = serializers.CharField(max_length=400, required=False, allow_blank=True, default="", help_text="Needed to disagree.")


class OpinionSerializer(serializers.Serializer[Any]):
    assessment = serializers.UUIDField(source="assessment_id")
    agrees = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()


class AskShape(serializers.Serializer[Any]):
    models = serializers.ListField(
        child=serializers.CharField(max_length=40), max_length=20, required=False, default=list, help_text="All live ones when left out."
    )


class AskedSerializer(serializers.Serializer[Any]):
    models = serializers.ListField(child=serializers.CharField())


class ChangeShape(serializers.Serializer[Any]):
    """One of the two, in the unit of the input."""

    by = serializers.FloatField(required=False)
    to = serializers.FloatField(required=False)


class WhatIfShape(serializers.Serializer[Any]):
    model = serializers.CharField(max_length=40)
    head = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    changes = serializers.DictField(child=ChangeShape(), help_text='{"sbp": {"by": -10}} or {"sbp": {"to": 120}}.')


class SaidSerializer(serializers.Serializer[Any]):
    raw = serializers.FloatField()
    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class ChangedSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = WordsSerializer()  # type: ignore[assignment]
    unit = serializers.CharField(allow_blank=True)
    before = serializers.FloatField(allow_null=True)
    after = serializers.FloatField()


class WhatIfSerializer(serializers.Serializer[Any]):
    assessment = serializers.UUIDField(help_text="Whose inputs were changed.")
    model = serializers.CharField()
    version = serializers.CharField()
    as_of = serializers.DateTimeField()
    head = serializers.CharField()
    unit = serializers.CharField(allow_blank=True)
    before = SaidSerializer()
    after = SaidSerializer()
    difference = serializers.FloatField(help_text="Of the values: after minus before.")
    inputs = ChangedSerializer(many=True)


class ForecastsQuery(serializers.Serializer[Any]):
    days = serializers.IntegerField(min_value=1, max_value=60, default=14)


class ForecastSerializer(serializers.Serializer[Any]):
    """One series: the days to come with value and 90 and 80 % intervals; or why there is no forecast (`abstained`)."""

    kind = serializers.CharField()
    part = serializers.CharField(allow_blank=True)
    label = WordsSerializer()  # type: ignore[assignment]
    unit = serializers.CharField(allow_blank=True)
    method = serializers.CharField(allow_blank=True, allow_null=True)
    baseline = serializers.DictField()
    last_day = serializers.DateField()
    days = serializers.ListField(child=serializers.DateField())
    value = serializers.ListField(child=serializers.FloatField())
    low = serializers.ListField(child=serializers.FloatField())
    high = serializers.ListField(child=serializers.FloatField())
    low80 = serializers.ListField(child=serializers.FloatField())
    high80 = serializers.ListField(child=serializers.FloatField())
    coverage = serializers.DictField()
    findings = serializers.ListField(child=serializers.DictField())
    abstained = WordsSerializer(allow_null=True)


class PanelQuery(serializers.Serializer[Any]):
    model = serializers.CharField(max_length=40)
    band = serializers.CharField(max_length=20, required=False, allow_blank=True, default="")
    limit = serializers.IntegerField(min_value=1, max_value=500, default=100)
    after = serializers.CharField(max_length=10, required=False)


class PanelRowSerializer(serializers.Serializer[Any]):
    patient = PersonSerializer()
    band = BandSerializer(allow_null=True)
    band_since = serializers.DateTimeField(allow_null=True)
    assessment = serializers.UUIDField()
    as_of = serializers.DateTimeField()
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    unit = serializers.CharField(allow_blank=True)
    problems = ProblemSerializer(many=True)
    version = serializers.CharField()


class PanelSerializer(serializers.Serializer[Any]):
    rows = PanelRowSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class PanelAskShape(serializers.Serializer[Any]):
    model = serializers.CharField(max_length=40)
    patients = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=200, help_text="Your panel when left out.")


class CountSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()


class OutcomeShape(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(Outcome.Kind.values)
    at = serializers.DateTimeField()
    note = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")


class OutcomeSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    patient = serializers.UUIDField(source="patient_id")
    kind = serializers.ChoiceField(Outcome.Kind.values)
    at = serializers.DateTimeField()
    source = serializers.CharField()  # type: ignore[assignment]
    note = serializers.CharField(allow_blank=True)
    by = PersonSerializer(allow_null=True)
    recorded_at = serializers.DateTimeField()
    withdrawn_at = serializers.DateTimeField(allow_null=True)
