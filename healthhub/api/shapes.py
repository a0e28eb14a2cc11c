"""The shapes of requests and answers about readings, for the schema and for checking queries."""

from typing import Any

from rest_framework import serializers

FATES = ["stored", "duplicate", "corrected", "rejected", "outside_consent"]


class SentSerializer(serializers.Serializer[Any]):
    """One reading. The value is in `unit` (UCUM code or a common spelling); `at` carries its zone."""

    kind = serializers.CharField(max_length=40)
    at = serializers.DateTimeField()
    value = serializers.FloatField()
    value2 = serializers.FloatField(required=False, allow_null=True, help_text="The diastolic part of a blood pressure.")
    unit = serializers.CharField(max_length=40, required=False, allow_null=True)
    patient = serializers.UUIDField(required=False, allow_null=True, help_text="Whose; a token's own patient when left out.")
    source = serializers.CharField(max_length=80, required=False, help_text="The sender's own name of the device.")  # type: ignore[assignment]
    key = serializers.CharField(max_length=64, required=False, allow_blank=True, help_text="Tells two readings of one moment apart.")
    method = serializers.ChoiceField(["device", "self_reported", "derived"], required=False)
    seconds = serializers.IntegerField(min_value=0, max_value=8 * 86400, required=False, allow_null=True)
    flags = serializers.ListField(
        child=serializers.ChoiceField(["cuffless", "censored_low", "censored_high", "simulated"]), max_length=4, required=False
    )
    context = serializers.DictField(required=False, allow_null=True)  # type: ignore[assignment]


class SentBatchSerializer(serializers.Serializer[Any]):
    observations = serializers.ListField(child=SentSerializer(), min_length=1, max_length=10_000)


class WordsSerializer(serializers.Serializer[Any]):
    """The same words in both languages."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"zh-hans": serializers.CharField(), "en": serializers.CharField()}


class FateSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="Which reading of the body, from 0.")
    fate = serializers.ChoiceField(FATES)
    seq = serializers.IntegerField(required=False, help_text="The reading's number among the patient's.")
    corrects = serializers.IntegerField(required=False, help_text="The number of the reading that it replaces.")
    code = serializers.CharField(required=False)
    sentence = serializers.CharField(required=False)
    field = serializers.CharField(required=False)
    flags = serializers.ListField(child=serializers.CharField(), required=False)
    repeat = WordsSerializer(required=False, help_text="Ask the patient to measure again, in these words.")


class ReceiptSerializer(serializers.Serializer[Any]):
    received_at = serializers.DateTimeField()
    counts = serializers.DictField(child=serializers.IntegerField())
    alerts = serializers.ListField(child=serializers.UUIDField(), help_text="Alerts that these readings opened or joined.")
    fates = FateSerializer(many=True)


class HistoryQuery(serializers.Serializer[Any]):
    kind = serializers.CharField(max_length=400, required=False, help_text="One or several kinds, separated by commas.")
    to = serializers.DateTimeField(required=False)
    after = serializers.IntegerField(required=False, min_value=0, max_value=2**62)
    resolution = serializers.ChoiceField(["raw", "5m", "1h", "1d"], default="raw")
    unit = serializers.CharField(required=False, max_length=40)
    cursor = serializers.CharField(required=False, max_length=200)
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=200)

    def get_fields(self) -> dict[str, Any]:
        return super().get_fields() | {"from": serializers.DateTimeField(required=False)}


class ReadingSerializer(serializers.Serializer[Any]):
    seq = serializers.IntegerField()
    kind = serializers.CharField()
    at = serializers.DateTimeField()
    utc_offset = serializers.IntegerField(help_text="Minutes east of UTC where and when it was measured.")
    value = serializers.FloatField()
    value2 = serializers.FloatField(allow_null=True)
    unit = serializers.CharField()
    seconds = serializers.IntegerField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment]
    key = serializers.CharField(allow_blank=True)
    method = serializers.CharField()
    flags = serializers.ListField(child=serializers.CharField())
    state = serializers.ChoiceField(["current", "superseded", "deleted"])
    context = serializers.DictField(allow_null=True)  # type: ignore[assignment]
    received_at = serializers.DateTimeField()


class AmendmentSerializer(serializers.Serializer[Any]):
    seq = serializers.IntegerField()
    replaced_by_seq = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField()
    by_kind = serializers.CharField()
    by_id = serializers.UUIDField(allow_null=True)
    at = serializers.DateTimeField()


class ReadingWithHistorySerializer(ReadingSerializer):
    amendments = AmendmentSerializer(many=True)


class BucketSerializer(serializers.Serializer[Any]):
    start = serializers.CharField(help_text="A day, a wall-clock hour, or an instant of UTC, by resolution.")
    count = serializers.IntegerField()
    min = serializers.FloatField()
    max = serializers.FloatField()
    mean = serializers.FloatField()
    sum = serializers.FloatField(allow_null=True)
    min2 = serializers.FloatField(allow_null=True)
    max2 = serializers.FloatField(allow_null=True)
    mean2 = serializers.FloatField(allow_null=True)


class BucketsSerializer(serializers.Serializer[Any]):
    """Raw: `observations`; otherwise `buckets` with their kind and unit."""

    last_seq = serializers.IntegerField(help_text="The patient's newest number: ask `after` it later.")
    next = serializers.CharField(allow_null=True)
    observations = ReadingSerializer(many=True, required=False)
    kind = serializers.CharField(required=False)
    unit = serializers.CharField(required=False)
    resolution = serializers.CharField(required=False)
    cumulative = serializers.BooleanField(required=False)
    buckets = BucketSerializer(many=True, required=False)


class AmendShape(serializers.Serializer[Any]):
    reason = serializers.CharField(min_length=3, max_length=400)


class CorrectShape(AmendShape):
    value = serializers.FloatField()
    value2 = serializers.FloatField(required=False, allow_null=True)
    unit = serializers.CharField(max_length=40, required=False, allow_null=True)


class WhyQuery(serializers.Serializer[Any]):
    kind = serializers.CharField(max_length=40)
    day = serializers.DateField()


class PartSerializer(serializers.Serializer[Any]):
    hour = serializers.IntegerField()
    source = serializers.CharField()  # type: ignore[assignment]
    priority = serializers.IntegerField()
    n = serializers.IntegerField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    total = serializers.FloatField()
    counts = serializers.BooleanField()
    because = serializers.CharField()


class WhySerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    unit = serializers.CharField()
    day = serializers.DateField()
    bucket = BucketSerializer(allow_null=True)
    parts = PartSerializer(many=True)


class KindSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    name = WordsSerializer()
    loinc = serializers.CharField(allow_null=True)
    loinc2 = serializers.CharField(allow_null=True)
    unit = serializers.CharField()
    units = serializers.ListField(child=serializers.CharField())
    data_class = serializers.CharField()
    components = serializers.IntegerField()
    cumulative = serializers.BooleanField()
    hard = serializers.ListField(child=serializers.FloatField(allow_null=True))
    soft = serializers.ListField(child=serializers.FloatField(allow_null=True))
    precision = serializers.IntegerField()
    codes = serializers.ListField(child=serializers.CharField(), help_text="The meaning of 0, 1, 2, ... for coded kinds.")
