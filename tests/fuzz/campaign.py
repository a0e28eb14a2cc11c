"""Runs schemathesis' own command against a living service, once for each kind of viewer, and adds up what it says."""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from healthhub.config.servers import ROOT

CONFIG = Path(__file__).with_name("schemathesis.toml")


@dataclass
class Tally:
    """What the runs said: cases by kind of viewer, answers by status, and every failure in words."""

    cases: Counter[str] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def server_errors(self) -> int:
        return sum(count for status, count in self.statuses.items() if status.startswith("5"))

    def table(self) -> str:
        """This function will give the counts and the failures in words."""
        by_status = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        lines = [f"cases of {name:<24} {count}" for name, count in self.cases.items()]
        lines += [f"cases in all                 {sum(self.cases.values())}", f"operations met               {len(self.operations)}"]
        lines += [f"answers by status            {by_status}", f"server errors                {self.server_errors}"]
        lines += [f"failures                     {len(self.failures)}", *self.failures]
        return "\n".join(lines)


@dataclass(frozen=True)
class Viewer:
    """Who fuzzes: the headers that sign her in, and the ids that exist."""

    name: str
    headers: dict[str, str]
    ids: dict[str, list[str]]


def run(*, url: str, viewer: Viewer, place: Path, tally: Tally, examples: int, seed: int, phases: str) -> None:
    """This function will let one viewer loose on every operation and add to the tally."""
    (place / "ids.json").write_text(json.dumps(viewer.ids))
    log = place / f"{viewer.name}.log"
    words = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run", f"{url}/api/schema/?format=json", "--url", url]
    words += ["--checks", "all", "--max-examples", str(examples), "--seed", str(seed), "--phases", phases, "--continue-on-failure"]
    words += ["--generation-database", "none", "--suppress-health-check", "all", "--request-timeout", "30", "--no-color", "--no-shrink"]
    words += ["--generation-with-security-parameters", "false"]
    words += ["--warnings", "off"]
    for header, value in viewer.headers.items():
        words += ["-H", f"{header}: {value}"]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "tests.fuzz.hooks", "FUZZ_IDS": str(place / "ids.json"), "FUZZ_SEED": str(seed)}
    environment["FUZZ_LOG"] = str(log)
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    (place / f"{viewer.name}.txt").write_text(done.stdout + done.stderr)
    if not log.exists():
        raise RuntimeError(f"schemathesis asked nothing:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    count(log, viewer.name, tally)
    if done.returncode:
        tally.failures.append(f"{viewer.name}: schemathesis ended with {done.returncode}\n{done.stdout[-6000:]}")


def count(log: Path, name: str, tally: Tally) -> None:
    """This function will count the answers that the hooks wrote down."""
    for line in log.read_text().splitlines():
        status, operation = line.split(" ", 1)
        tally.cases[name] += 1
        tally.statuses[status] += 1
        tally.operations[operation] += 1
