"""A stretch of rows in order of a moment: a span, a direction, and where the page before ended."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from healthhub.records.found import FIRST, LAST

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A half-open span, and the moment and id of the last row of the page before; `limit` rows at most."""

    limit: int
    since: datetime = FIRST
    until: datetime = LAST
    newest_first: bool = True
    behind: tuple[datetime, UUID | int] | None = None


def rows_of(rows: QuerySet[Row], moment: str, wanted: Stretch) -> list[Row]:
    """This function will give the rows whose field `moment` lies in the stretch, in its order; rows of one moment by their ids."""
    found = rows.filter(**{f"{moment}__gte": wanted.since, f"{moment}__lt": wanted.until})
    if wanted.behind is not None:
        way = "lt" if wanted.newest_first else "gt"
        at, row_id = wanted.behind
        found = found.filter(Q(**{f"{moment}__{way}": at}) | Q(**{moment: at, f"id__{way}": row_id}))
    order = (f"-{moment}", "-id") if wanted.newest_first else (moment, "id")
    return list(found.order_by(*order)[: wanted.limit])
