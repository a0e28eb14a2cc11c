"""Readings as Parquet and Excel, for workers alone: pyarrow has no place in a process that answers requests."""

import io
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from healthhub.dialects import fhir_out
from healthhub.records.catalogue import BY_NUMBER
from healthhub.records.exports import COLUMNS, flag_names, harmless
from healthhub.records.models import Method

MOMENT = pa.timestamp("us", tz="UTC")
# One row a reading. `at` is the moment; `at_local` says the same by the clock where it was measured. Units are UCUM.
SCHEMA = pa.schema(
    [
        pa.field("number", pa.int64(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("loinc", pa.string()),  # of value
        pa.field("loinc2", pa.string()),  # of value2
        pa.field("at", MOMENT, nullable=False),
        pa.field("at_local", pa.string(), nullable=False),
        pa.field("value", pa.float64(), nullable=False),
        pa.field("value2", pa.float64()),
        pa.field("unit", pa.string(), nullable=False),
        pa.field("seconds", pa.int32()),
        pa.field("source", pa.string(), nullable=False),
        pa.field("method", pa.string(), nullable=False),
        pa.field("flags", pa.list_(pa.string()), nullable=False),
        pa.field("context", pa.string()),
        pa.field("received_at", MOMENT, nullable=False),
    ]
)


def parquet(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """This function will write rows of `timeline` as one Parquet file, texts as they are."""
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([_typed(row) for row in rows], schema=SCHEMA), out, compression="zstd")
    return out.getvalue()


def excel(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """This function will write rows of `timeline` as a workbook of one sheet, with the columns of the CSV and texts that are no formula."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("readings")
    sheet.append(COLUMNS)
    for row in rows:
        typed = _typed(row) | {"flags": " ".join(flag_names(row["flags"]))}
        typed |= {"at": typed["at_local"], "received_at": row["received_at"].isoformat()}
        sheet.append([_cell(typed[name]) for name in COLUMNS])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _typed(row: Mapping[str, Any]) -> dict[str, Any]:
    kind = BY_NUMBER[row["kind"]]
    return {
        "number": row["seq"],
        "kind": kind.key,
        "name": kind.name["en"],
        "loinc": kind.loinc,
        "loinc2": kind.loinc2,
        "at": row["at"].astimezone(UTC),
        "at_local": fhir_out.local(row["at"], row["utc_offset"]).isoformat(),
        "value": row["value"],
        "value2": row["value2"],
        "unit": kind.unit,
        "seconds": row["seconds"],
        "source": row["source"],
        "method": Method(row["method"]).name.lower(),
        "flags": flag_names(row["flags"]),
        "context": msgspec.json.encode(row["context"]).decode() if row["context"] else None,
        "received_at": row["received_at"].astimezone(UTC),
    }


def _cell(value: Any) -> Any:
    return harmless(ILLEGAL_CHARACTERS_RE.sub("", value)) if isinstance(value, str) else value
