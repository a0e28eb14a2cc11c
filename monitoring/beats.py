"""When the sweep last went well all through: light enough for the web process to ask."""

from datetime import datetime

from monitoring.models import Beat

SWEEP = "sweep"
RISK_WATCH = "risk_watch"
PARTITIONS = "partitions"
LIVE = "live"


def went_well(*, name: str, now: datetime) -> None:
    """This function will note that `name` went well all through just now."""
    Beat.objects.update_or_create(name=name, defaults={"at": now})


def last(*, name: str) -> datetime | None:
    """This function will give the time at which `name` last went well, None when it never did."""
    return Beat.objects.filter(name=name).values_list("at", flat=True).first()
