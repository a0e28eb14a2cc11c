"""Bytes to JSON, strictly: no NaN, no duplicate keys, bounded depth, UTF-8 only. Every refusal is a coded 4xx."""

import json
import re
from typing import IO, Any

from rest_framework.parsers import BaseParser

from healthhub.lib.refused import Invalid

MAX_DEPTH = 32
# A text up to its end, or to the end of everything where it breaks off; then the brackets that are left.
_STRINGS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")


def _no_constant(name: str) -> float:
    raise Invalid(f"{name} is not a number that JSON knows.", code="not_finite")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise Invalid(f"The number {text[:20]} is too large.", code="not_finite")
    return number


def _integer(text: str) -> int:
    if len(text) > 18:
        raise Invalid(f"The number {text[:20]}... is too large.", code="not_finite")
    return int(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Invalid("A name stands twice in one object.", code="duplicate_key", field=twice[:80])
    return found


def check_depth(text: str) -> None:
    """This function will refuse nesting deeper than MAX_DEPTH before a recursive decoder sees it."""
    depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub("", text)):
        if bracket in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise Invalid(f"The body is nested deeper than {MAX_DEPTH} levels.", code="too_deep")
        else:
            depth -= 1


def _has_lone_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def strict_json(raw: bytes) -> Any:
    """This function will decode one JSON document, or raise `Invalid` with the reason's code."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid("The body is not UTF-8.", code="not_utf8") from error
    check_depth(text)
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite, parse_int=_integer, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise Invalid(f"The body is not JSON: {error.msg} at character {error.pos}.", code="not_json") from error
    # PostgreSQL keeps neither NUL nor half a surrogate pair; both are legal in JSON text.
    if "\\u" in text and ("\\u0000" in text or _has_lone_surrogate(json.dumps(value, ensure_ascii=False))):
        raise Invalid("The body holds a character that no text may hold.", code="bad_character")
    return value


class StrictJSONParser(BaseParser):
    """DRF's door to `strict_json`."""

    media_type = "application/json"

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        raw: bytes = stream.read()
        return strict_json(raw)
