"""The row in which a personal baseline is kept between nights: small, whole, and updated rather than fitted anew."""

from typing import ClassVar

from django.db import models

from healthhub.people.models import Patient


class Baseline(models.Model):
    """One patient and kind: the state of her forecasts as of `last_day`.

    `state` is what risk.forecasting.state reads and writes: {"v": version, "parts": {"sys": {...}, "dia": {...}}}. It can be made
    again from the readings at any time, so nothing is lost with it.
    """

    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False)
    kind = models.SmallIntegerField()  # catalogue number
    state = models.JSONField()
    last_day = models.DateField()  # the last local day that is in it
    days = models.IntegerField()  # how many days with readings it rests on
    refit_due = models.BooleanField(default=False)  # its method lost to a simpler one: to be chosen again from history
    updated_at = models.DateTimeField()

    class Meta:
        app_label = "risk"
        constraints: ClassVar = [models.UniqueConstraint(fields=["patient", "kind"], name="baseline_once")]
