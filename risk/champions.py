"""Which version of a model speaks, loaded once per process. For workers: it loads LightGBM."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from django.db import connection, transaction

from risk.cards import HERE, released
from risk.learned.artefact import Artefact, texts_of
from risk.models import Version

LOCK = 7_203_114  # advisory: two workers that start at once must not both register a release


@dataclass(frozen=True)
class Champion:
    """The version in use and its artefact."""

    version: Version
    artefact: Artefact


def champion(model: str, *, now: datetime) -> Champion | None:
    """This function will give the version of `model` that speaks now; None where there is none."""
    register_release(now=now)
    row = Version.objects.filter(model=model, state=Version.State.CHAMPION).defer("files").first()
    return None if row is None else Champion(row, artefact_of(row.id))


@lru_cache(maxsize=32)
def artefact_of(version_id: UUID) -> Artefact:
    """This function will give a kept version's artefact, whichever state it is in. Raises Version.DoesNotExist."""
    return Artefact.of(Version.objects.get(id=version_id).files)


def register_release(*, now: datetime) -> int:
    """This function will keep the versions that came with this release, and let them speak where a release's version spoke before.

    A version that was trained in this house and approved stays champion: only people change that. Gives how many were new.
    """
    wanted = _unseen()
    if not wanted:
        return 0
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        there = set(Version.objects.filter(model__in=wanted).values_list("model", "version"))
        new = {key: version for key, version in wanted.items() if (key, version) not in there}
        for key, version in new.items():
            _register(key, version, now)
    return len(new)


def _unseen() -> dict[str, str]:
    """Key -> version of each release that this database has not kept yet, asked with one statement."""
    versions = {key: _released_version(key) for key in released()}
    kept = set(Version.objects.filter(released=True, version__in=versions.values()).values_list("model", "version"))
    return {key: version for key, version in versions.items() if (key, version) not in kept}


@lru_cache(maxsize=32)
def _released_version(key: str) -> str:
    return str(json.loads((HERE / key / "model.json").read_text(encoding="utf-8"))["meta"]["version"])


def _register(key: str, version: str, now: datetime) -> None:
    speaking = Version.objects.select_for_update().filter(model=key, state=Version.State.CHAMPION).first()
    takes_over = speaking is None or speaking.released
    if speaking is not None and takes_over:
        speaking.state = Version.State.RETIRED
        speaking.save(update_fields=["state"])
    Version.objects.create(
        model=key,
        version=version,
        released=True,
        files=texts_of(HERE / key),
        about=dict(released()[key]),
        state=Version.State.CHAMPION if takes_over else Version.State.CHALLENGER,
        since=now,
    )
