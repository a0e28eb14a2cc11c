"""Setting a sheet: blocks of plain data become a tagged PDF. 20-60 ms for a report of a month, so it is done while she waits."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pylopdf_fonts_zh_cn
import typst
from django.utils.translation import gettext

from healthhub.web import shown
from healthhub.web.drawing.canvas import Svg, paper

TEMPLATE = Path(__file__).with_name("report.typ")
FONTS = str(pylopdf_fonts_zh_cn.sans_path().parent)
STANDARDS: list[Literal["ua-1", "a-2a"]] = ["ua-1", "a-2a"]
Block = dict[str, Any]


@dataclass(slots=True)
class Sheet:
    """One report: its title, what kind of report it is, who stands in the footer, and its blocks in order."""

    title: str
    kind: str
    footer: str
    blocks: list[Block] = field(default_factory=list)


def h2(text: str) -> Block:
    return {"type": "h2", "text": text}


def h3(text: str) -> Block:
    return {"type": "h3", "text": text}


def p(text: str, *, soft: bool = False) -> Block:
    return {"type": "p", "text": text, "soft": soft}


def bullets(items: list[str]) -> Block:
    return {"type": "list", "items": items}


def note(text: str, *, tone: str = "info") -> Block:
    return {"type": "note", "text": text, "tone": tone}


def facts(pairs: list[tuple[str, str]]) -> Block:
    return {"type": "facts", "pairs": [list(pair) for pair in pairs]}


def tile(label: str, figure: str, unit: str = "", remark: str = "", *, tone: str = "") -> dict[str, str]:
    """This function will give one figure with its unit and a remark in words; the tone only repeats what the remark says."""
    return {"label": label, "figure": figure, "unit": unit, "note": remark, "tone": tone}


def tiles(some: list[dict[str, str]], *, across: int = 4) -> Block:
    return {"type": "tiles", "tiles": some, "across": across}


def table(head: list[str], rows: list[list[Any]], *, widths: list[int], right: tuple[int, ...] = ()) -> Block:
    """This function will give a table; widths are shares of the line (0: as wide as its words), `right` columns hold figures."""
    align = ["right" if number in right else "left" for number in range(len(head))]
    return {"type": "table", "head": head, "rows": rows, "widths": widths, "align": align}


def toned(text: str, tone: str) -> dict[str, str]:
    """This function will give a cell of a table whose words are coloured as well."""
    return {"text": text, "tone": tone}


def drawing(svg: Svg, *, width: int = 100) -> Block:
    """This function will give a drawing, `width` percent of the line; its label is what is read out."""
    return {"type": "drawing", "svg": paper(svg), "alt": str(svg.root.get("aria-label", "")), "width": width}


def columns(*parts: list[Block], widths: tuple[int, ...]) -> Block:
    return {"type": "columns", "parts": list(parts), "widths": list(widths)}


def _inputs(sheet: Sheet) -> dict[str, str]:
    chinese = shown.language() == "zh-hans"
    data = {
        "title": sheet.title,
        "kind": sheet.kind,
        "footer": sheet.footer,
        "brand": gettext("HealthHub"),
        "author": "HealthHub",
        "keywords": [],
        "page": gettext("Page {page} of {pages}"),
        "lang": "zh" if chinese else "en",
        "region": "CN" if chinese else None,
        "blocks": sheet.blocks,
    }
    return {"sheet": json.dumps(data, ensure_ascii=False)}


def pdf(sheet: Sheet, *, now: datetime) -> bytes:
    """This function will set a sheet in the reader's language as PDF/UA-1 and PDF/A-2a; `now` is written as its date."""
    made: bytes = typst.compile(
        str(TEMPLATE),
        font_paths=[FONTS],
        ignore_system_fonts=True,
        sys_inputs=_inputs(sheet),
        pdf_standards=[*STANDARDS],
        timestamp=int(now.timestamp()),
    )
    return made


def pictures(sheet: Sheet, *, ppi: float = 100) -> list[bytes]:
    """This function will give the pages of a sheet as PNG, to look at."""
    made = typst.compile(str(TEMPLATE), font_paths=[FONTS], ignore_system_fonts=True, sys_inputs=_inputs(sheet), format="png", ppi=ppi)
    return [made] if isinstance(made, bytes) else list(made)
