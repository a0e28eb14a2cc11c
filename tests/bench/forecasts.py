"""Baselines by night: `python -m tests.bench.forecasts` (about a minute and a half; `--patients N` for another number of people).

10,000 made-up patients have weight, blood pressure morning and evening, resting heart rate and steps: nine series each. Printed are
patients a second and core of the nightly pass, the arithmetic alone and with its database; the back-fill of one patient of five years,
methods chosen and estimated; and the cost of the nightly pass with five years of readings over that with one (it should be about 1).
"""

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import django
import psycopg

from tests.bench.house import House
from tests.bench.table import Table

CHUNK = 500
PARTS = (
    ("weight", "", 80.0, 0.4),
    ("rhr", "", 62.0, 1.5),
    ("steps", "", 7000.0, 2000.0),
    ("bp", "sys", 131.0, 5.0),
    ("bp", "dia", 82.0, 5.0),
    ("bp", "sys_am", 133.0, 5.0),
    ("bp", "dia_am", 83.0, 5.0),
    ("bp", "sys_pm", 129.0, 5.0),
    ("bp", "dia_pm", 81.0, 5.0),
)
YEAR = 365


def wobble(who: int, day: int, kind: int) -> float:
    """This function will give a number from -1 to 1 that repeats from run to run."""
    return ((who * 7919 + day * 104_729 + kind * 1299_709) * 2_654_435_761 % 2**32) / 2**31 - 1


def pure(table: Table, patients: int) -> None:
    """This function will measure the arithmetic alone: rows read from JSON, carried by one day, written to JSON."""
    import json  # noqa: PLC0415

    from risk import forecast  # noqa: PLC0415
    from risk.forecasting.series import Seen  # noqa: PLC0415

    first = date(2026, 1, 1).toordinal()
    rows = {}
    for kind in dict.fromkeys(kind for kind, *_ in PARTS):
        days = {
            part: [Seen(first + n, level + wobble(1, n, 5) * spread) for n in range(60)]
            for one, part, level, spread in PARTS
            if one == kind
        }
        rows[kind] = json.dumps(forecast.row_of(forecast.carried(kind, {}, days)))
    began = time.process_time()
    for who in range(patients):
        for kind, text in rows.items():
            new = {part: [Seen(first + 60, level + wobble(who, 60, 5) * spread)] for one, part, level, spread in PARTS if one == kind}
            json.dumps(forecast.row_of(forecast.carried(kind, forecast.states(kind, json.loads(text)), new)))
    table.add("nightly pass, arithmetic alone", patients / (time.process_time() - began), "patients/s per core")


def _copied(statement: str, lines: Iterator[str]) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as database, database.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for line in lines:
                copy.write(line)
        database.commit()


def _lines(people: Sequence[tuple[UUID, int]], days: Sequence[date], numbers: dict[str, int]) -> Iterator[str]:
    """One person's hours of a day as the record sums them: pressure at 7 and 21, weight and pulse at 7, steps at 12."""
    nothing = "\t".join([r"\N"] * 3)
    for day in days:
        turn = day.toordinal()
        for who, (patient, source) in enumerate(people):
            for kind, hour, level, spread in (("weight", 7, 80.0, 0.4), ("rhr", 7, 62.0, 1.5), ("steps", 12, 7000.0, 2000.0)):
                value = level + wobble(who, turn, numbers[kind]) * spread
                yield f"{patient}\t{numbers[kind]}\t{day}\t{hour}\t{source}\t1\t0\t{value}\t{value}\t{value}\t{nothing}\n"
            for hour in (7, 21):
                top, low = 131 + wobble(who, turn, hour) * 8, 82 + wobble(who, turn, hour + 1) * 5
                head = f"{patient}\t{numbers['bp']}\t{day}\t{hour}\t{source}\t2\t0"
                yield f"{head}\t{top}\t{top}\t{2 * top}\t{low}\t{low}\t{2 * low}\n"


def _people(count: int) -> list[tuple[UUID, int]]:
    from healthhub.people.models import Patient  # noqa: PLC0415
    from healthhub.records.models import Source  # noqa: PLC0415

    made = Patient.objects.bulk_create([Patient(name=f"Bench {n}", is_simulated=True) for n in range(count)], batch_size=2000)
    sources = Source.objects.bulk_create([Source(patient=one, key="bench") for one in made], batch_size=2000)
    return [(one.id, source.id) for one, source in zip(made, sources, strict=True)]


def _night(people: Sequence[tuple[UUID, int]], now: datetime) -> tuple[float, float]:
    """Seconds by the clock and of this process for one nightly pass in chunks."""
    from risk import baselines  # noqa: PLC0415

    ids = [patient for patient, _ in people]
    began, worked = time.perf_counter(), time.process_time()
    for place in range(0, len(ids), CHUNK):
        baselines.refresh(patient_ids=ids[place : place + CHUNK], now=now)
    return time.perf_counter() - began, time.process_time() - worked


def with_database(table: Table, patients: int) -> None:
    """This function will measure the pass with its database, the back-fill, and what history costs."""
    from risk import baselines  # noqa: PLC0415 - Django reads its settings from what the house has just settled
    from tests.bench.bulk import SUMMARIES  # noqa: PLC0415

    today, numbers = date(2026, 6, 1), baselines_numbers()
    start = datetime(today.year, today.month, today.day, 20, tzinfo=UTC)
    people = _people(patients)
    _copied(SUMMARIES, _lines(people, [today - timedelta(days=ago) for ago in range(9, 0, -1)], numbers))
    _night(people, start - timedelta(days=1))
    _copied(SUMMARIES, _lines(people, [today], numbers))
    _settle()
    clock, worked = _night(people, start)
    table.add("nightly pass with its database, by the clock", patients / clock, "patients/s per core")
    table.add("- of which this process worked", patients / worked, "patients/s per core")
    table.add(f"- {patients:,} patients", clock, "s")
    costs = {}
    for years in (1, 5):
        old = _people(200)
        _copied(SUMMARIES, _lines(old, [today - timedelta(days=ago) for ago in range(years * YEAR, 1, -1)], numbers))
        _settle()
        began = time.perf_counter()
        baselines.refresh(patient_ids=[old[0][0]], now=start - timedelta(days=2))
        table.add(
            f"back-fill of one patient of {years} year{'s' * (years > 1)}, nine series chosen and estimated",
            time.perf_counter() - began,
            "s",
        )
        _carry_without_fits(old[1:], start - timedelta(days=2))
        nights = []
        for later in range(6):
            _copied(SUMMARIES, _lines(old, [today + timedelta(days=later - 1)], numbers))
            nights.append(_night(old[1:], start + timedelta(days=later - 1))[0])
        costs[years] = min(nights)
    table.add("nightly cost per patient, five years of history over one", costs[5] / costs[1], goal=1.3)


def baselines_numbers() -> dict[str, int]:
    """This function will give the catalogue's numbers of the kinds that are forecast."""
    from healthhub.records.catalogue import BY_KEY  # noqa: PLC0415
    from risk import forecast  # noqa: PLC0415

    return {kind: BY_KEY[kind].number for kind in forecast.KINDS}


def _carry_without_fits(people: Sequence[tuple[UUID, int]], now: datetime) -> None:
    """The first pass over people of years, with methods left for later nights: what is measured afterwards is a night, not a fit."""
    from risk import baselines  # noqa: PLC0415
    from risk.forecast_rows import Baseline  # noqa: PLC0415

    most, baselines.MOST_FITS = baselines.MOST_FITS, 0
    baselines.refresh(patient_ids=[patient for patient, _ in people], now=now)
    baselines.MOST_FITS = most
    for row in Baseline.objects.filter(patient_id__in=[patient for patient, _ in people]):
        for state in row.state["parts"].values():
            state["fitted_day"], state["fitted_n"] = state["day"], state["n"]
        row.refit_due = False
        row.save()


def _settle() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE records_summary")
        connection.execute("VACUUM ANALYZE risk_baseline")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.forecasts")
    parser.add_argument("--patients", type=int, default=10_000)
    chosen = parser.parse_args()
    house, table = House(), Table()
    try:
        house.open()
        django.setup()
        from django.core.management import call_command  # noqa: PLC0415

        call_command("migrate", verbosity=0, interactive=False)
        print("| what | figure | goal | met |\n|---|---:|---|---|", flush=True)
        pure(table, min(chosen.patients, 2000))
        with_database(table, chosen.patients)
    finally:
        house.close()


if __name__ == "__main__":
    main()
