"""What schemathesis must know of this API besides its schema: ids that exist, and which refusals of well-formed input are right.

Loaded by schemathesis itself (SCHEMATHESIS_HOOKS); the ids come in a file that FUZZ_IDS names: {"patient_id": [...], ...}.
"""

import json
import os
import random
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.core.parameters import ParameterLocation

IDS: dict[str, list[str]] = json.loads(Path(os.environ["FUZZ_IDS"]).read_text())
LOG = Path(os.environ["FUZZ_LOG"])
KNOWN = 0.8  # how often an id is one that exists; else it is what schemathesis made up
# What schemathesis reads in one answer it ends in the next request: not the doctor's own membership, or the rest would be one long 404.
ALWAYS = frozenset({"membership_id", "entry_id"})
chance = random.Random(int(os.environ.get("FUZZ_SEED", "1")))

# Refusals of the meaning, not of the form: no schema can say that a kind has this unit, or that a time lies in the past.
MEANING = frozenset(
    Path(__file__).with_name("meanings.txt").read_text().split(),
)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Aim well-formed ids at things that exist: a foreign and an unknown id look the same, and teach little."""
    meta = case.meta
    if meta is None:
        return
    for place, given in ((ParameterLocation.BODY, case.body), (ParameterLocation.QUERY, case.query)):
        found = meta.components.get(place)
        if found is not None and found.mode.is_positive and isinstance(given, dict):
            aim_at_model(given)
    if not case.path_parameters:
        return
    part = meta.components.get(ParameterLocation.PATH)
    if part is not None and part.mode.is_negative:
        return
    for name in case.path_parameters:
        if name in IDS and (name in ALWAYS or chance.random() < KNOWN):
            case.path_parameters[name] = chance.choice(IDS[name])


def aim_at_model(given: dict[str, Any]) -> None:
    """Name a model that exists, and one of its inputs."""
    if "model" in given and chance.random() < KNOWN:
        given["model"] = chance.choice(IDS["key"])
        changes = given.get("changes")
        if isinstance(changes, dict) and changes:
            given["model"] = IDS["key"][0]
            given["changes"] = {"systolic": next(iter(changes.values()))}


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Write one line per answer: the command itself tells failures, but not what it met."""
    with LOG.open("a") as log:
        log.write(f"{response.status_code} {case.operation.label}\n")


@schemathesis.check
def refused_for_its_meaning_only(ctx: Any, response: Any, case: Any) -> None:
    """Well-formed input that is refused with 400 is refused for its meaning, by a code that says so."""
    meta = case.meta
    if response.status_code != 400 or meta is None or not meta.generation.mode.is_positive:
        return
    code = response.json().get("code")
    if code not in MEANING:
        raise AssertionError(f"Input that fits the schema was refused as {code!r}: {response.text[:300]}")
