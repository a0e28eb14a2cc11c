"""(f) Assessments: patients a second from the claim to the written row, beside LightGBM alone on the same matrix; and two workers."""

import math
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import lightgbm
import numpy as np
from django.db import connection

from healthhub.config.celery import share_what_is_loaded
from healthhub.config.servers import ROOT
from healthhub.records.catalogue import BY_KEY
from healthhub.records.models import Method
from monitoring import risks
from risk import due, features, load
from risk.assess import assess
from risk.champions import champion
from risk.learned.registry import model
from risk.models import Standing
from tests.bench.people import People
from tests.bench.table import Table

MODEL = "mortality-home"
ROUNDS = 3
# What the model asks for, once each: kind -> (value, second value, spread between people).
ONCE = {"height": (165, None, 8), "weight": (70, None, 10), "waist": (92, None, 9), "self_rated_health": (3, None, 1), "bp": (130, 78, 10)}


def measure(everyone: People, table: Table, *, now: datetime) -> None:
    """This function will measure the whole way and the bare model, and how two processes compare with one."""
    table.part("(f) assessments: 1,000 patients, one model, chunks of 200")
    _readings(everyone, now)
    share_what_is_loaded()  # as in every worker
    risks.enter(assess(patient_ids=[everyone.patients[0].id], key=MODEL, now=now), now=now)  # registers the release and loads the model
    ours = max(_whole_way(everyone, now + timedelta(minutes=n)) for n in range(ROUNDS))
    bare = max(_bare(everyone, now) for _ in range(ROUNDS))
    table.add("the whole way, one process: patients/s", ours, "/s")
    table.add("LightGBM predict and pred_contrib alone, same matrix: rows/s", bare, "/s")
    table.add("ratio", ours / bare, goal=0.25, at_least=True)
    one, two = (_processes(everyone, count, now + timedelta(hours=count)) for count in (1, 2))
    table.add("one process: patients/s", one, "/s")
    table.add("two processes: patients/s", two, "/s")
    table.add("two beside one", two / one)


def _readings(everyone: People, now: datetime) -> None:
    chance = np.random.default_rng(7)
    columns = "patient_id, seq, kind, at, utc_offset, value, value2, source_id, key, method, flags, state, received_at"
    at = now - timedelta(days=1)
    with connection.cursor() as cursor, cursor.copy(f"COPY records_observation ({columns}) FROM STDIN") as copy:
        for patient, source in zip(everyone.patients, everyone.sources, strict=True):
            for place, (kind, (level, second, spread)) in enumerate(ONCE.items()):
                drawn = level + float(chance.normal(0, spread))
                value = min(max(round(drawn), 1), 5) if kind == "self_rated_health" else drawn
                row = (
                    patient.id,
                    9_000_000 + place,
                    BY_KEY[kind].number,
                    at,
                    480,
                    value,
                    second,
                    source,
                    "bench",
                    int(Method.DEVICE),
                    0,
                    0,
                )
                copy.write_row((*row, at))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE records_observation")  # what the database does by itself within minutes


def _whole_way(everyone: People, now: datetime) -> float:
    _make_due(everyone, now)
    began = time.perf_counter()
    done = 0
    while (some := risks.work(model=MODEL, now=now)) > 0:
        done += some
    return done / (time.perf_counter() - began)


def _make_due(everyone: People, now: datetime) -> None:
    Standing.objects.filter(model=MODEL).update(due_at=None)
    due.ask(pairs=[(patient.id, MODEL) for patient in everyone.patients], why="nightly", now=now)


def _bare(everyone: People, now: datetime) -> float:
    learned, speaking = model(MODEL), champion(MODEL, now=now)
    if speaking is None:
        raise RuntimeError(f"{MODEL} has no champion")
    artefact = speaking.artefact
    known = load.histories(patient_ids=[one.id for one in everyone.patients], reach_back=learned.reach_back(), as_of=now)
    rows = [features.build(learned, one, now, trained=artefact.meta).values(artefact.names) for one in known.values()]
    matrix = np.array([row for row in rows if not all(map(math.isnan, row))])
    began = time.perf_counter()
    for chunk in np.array_split(matrix, max(1, len(matrix) // due.CHUNK)):
        for head in artefact.heads.values():
            _predicted(head.booster, chunk, explained=head is artefact.main)
    return len(matrix) / (time.perf_counter() - began)


def _predicted(booster: lightgbm.Booster, chunk: np.ndarray, *, explained: bool) -> None:
    booster.predict(chunk, num_threads=1)
    if explained:
        booster.predict(chunk, pred_contrib=True, num_threads=1)


def _processes(everyone: People, count: int, now: datetime) -> float:
    command = [sys.executable, "-m", "tests.bench.assess_loop", MODEL, now.isoformat()]
    running = [subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    for one in running:
        _line(one)
    _make_due(everyone, now)
    began = time.perf_counter()
    for one in running:
        _say(one)
    done = sum(int(_line(one)) for one in running)
    took = time.perf_counter() - began
    for one in running:
        one.wait(30)
    return done / took


def _line(process: "subprocess.Popen[str]") -> str:
    if process.stdout is None:
        raise RuntimeError("the process has no voice")
    return process.stdout.readline().strip()


def _say(process: "subprocess.Popen[str]") -> None:
    if process.stdin is None:
        raise RuntimeError("the process has no ears")
    process.stdin.write("go\n")
    process.stdin.flush()


def work(words: Sequence[str]) -> None:
    """This function will be one worker: load the model, say so, wait for the word, work until nothing is due, tell how many."""
    share_what_is_loaded()
    key, moment = words
    now = datetime.fromisoformat(moment)
    champion(key, now=now)
    print("ready", flush=True)
    sys.stdin.readline()
    done = 0
    while (some := risks.work(model=key, now=now)) > 0:
        done += some
    print(done, flush=True)
