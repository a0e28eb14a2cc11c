"""Runs files of cases and says what came of each. Arithmetic only: no database, no clock, no settings."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from healthhub.config.vectors.compare import agrees, places_named
from healthhub.config.vectors.families import Family, family_of
from healthhub.lib.refused import Refused

Say = Callable[[str], None]


@dataclass(slots=True)
class Tally:
    """What was counted. `unverified` cases are hints: they neither pass nor fail. `broken` are files that could not be run."""

    passed: int = 0
    failed: int = 0
    unverified: int = 0
    broken: int = 0

    @property
    def good(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.failed or self.broken)


def check(paths: Sequence[str], say: Say) -> bool:
    """This function will run every case under `paths` (files, or directories searched for *.json) and report by `say`.

    Each failure is a line, the last line is "N passed, N failed". A file nobody answers is named: a fault when it was
    given by name, a remark when it was found in a directory. Tells whether all is well.
    """
    tally = Tally()
    for path, by_name in _files(paths, tally, say):
        _file(path, by_name=by_name, tally=tally, say=say)
    if tally.unverified:
        say(f"{tally.unverified} unverified, not counted")
    say(f"{tally.passed} passed, {tally.failed} failed")
    return tally.good


def _files(paths: Sequence[str], tally: Tally, say: Say) -> Iterator[tuple[Path, bool]]:
    """The files to run, each with whether it was given by name."""
    for path in map(Path, paths):
        if path.is_dir():
            yield from ((one, False) for one in sorted(path.rglob("*.json")))
        elif path.is_file():
            yield path, True
        else:
            tally.broken += 1
            say(f"not there: {path}")


def _file(path: Path, *, by_name: bool, tally: Tally, say: Say) -> None:
    if path.stem.endswith("_coefficients"):
        say(f"table, no cases: {path.name}")
        return
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        tally.broken += 1
        say(f"not readable: {path.name}: {error}")
        return
    head = content if isinstance(content, dict) else {}
    family = family_of(path.stem, head.get("score"))
    cases = None if family is None else _cases(family, head, path)
    if family is None:
        tally.broken += by_name
        say(f"not known: {path.name}")
    elif not isinstance(cases, list) or not cases:
        tally.broken += 1
        say(f"no cases: {path.name}")
    else:
        for case in cases:
            _case(path.stem, family, case, head.get("expected_unit"), tally, say)


def _cases(family: Family, head: Mapping[str, Any], path: Path) -> Any:
    """The cases of a file; None when it is not made as its family's files are."""
    try:
        return family.cases(head, path)
    except (KeyError, TypeError, AttributeError):
        return None


def _case(stem: str, family: Family, case: Mapping[str, Any], unit: str | None, tally: Tally, say: Say) -> None:
    name = f"{stem}: {case.get('id', '?')}"
    fault = _fault(family, case, unit)
    if case.get("status") != "verified":
        tally.unverified += 1
        say(f"unverified: {name}: {fault or 'agrees'}")
    elif fault is None:
        tally.passed += 1
    else:
        tally.failed += 1
        say(f"FAILED {name}: {fault}")


def _fault(family: Family, case: Mapping[str, Any], unit: str | None) -> str | None:
    """What is wrong with the answer to a case; None when it agrees. A malformed case is its own failure, not the end of the run."""
    try:
        expected = case["expected"]
        got = family.answer(case)
    except Refused as refused:
        return f"refused ({refused.code}): {refused.sentence}"
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return f"the case could not be run: {type(error).__name__}: {error}"
    places = places_named(case.get("rounding"), unit)
    if agrees(expected, got, tolerance=case.get("tolerance", 0), places=places):
        return None
    return f"expected {expected!r}, got {got!r}"
