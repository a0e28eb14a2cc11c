"""JSON exports: which maker's it is by its shape, and its records one by one."""

from collections.abc import Callable, Iterator
from datetime import tzinfo
from typing import Any, BinaryIO

import msgspec

from healthhub.dialects.files import makers, phones
from healthhub.dialects.files.record import WRONG, Record, Records, bad
from healthhub.lib.refused import Invalid

MOST_BYTES = 32 * 1024 * 1024
Translator = Callable[[dict[str, Any], tzinfo], list[dict[str, Any] | str]]


def decode(stream: BinaryIO) -> Any:
    """This function will read a whole JSON document of at most 32 MB. Raises Invalid: file_too_large, broken_json, too_nested."""
    raw = stream.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise Invalid("A JSON file may have at most 32 MB.", code="file_too_large")
    try:
        return msgspec.json.decode(raw.removeprefix(b"\xef\xbb\xbf"))
    except RecursionError as error:
        raise Invalid("The file is nested too deeply.", code="too_nested") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid("The file is not JSON or breaks off.", code="broken_json") from error


def read(stream: BinaryIO, zone: tzinfo) -> Records:
    """This function will yield the records of a JSON export; `where` numbers them from 1.

    A translator answers with readings and, as text, with what it does not keep. Raises Invalid also for `unknown_file`.
    """
    document = decode(stream)
    where = 0
    for translate, item in _items(document):
        where += 1
        try:
            found = translate(item, zone)
        except WRONG as error:
            yield bad(where, str(error.args[0]) if isinstance(error, KeyError) else "record")
            continue
        for one in found:
            if isinstance(one, str):
                yield Record(
                    where, refused=Invalid("Readings of this type are not kept here.", code="not_kept", field=one[:80] or "schema_id.name")
                )
            else:
                yield Record(where, one)


def _items(document: Any) -> Iterator[tuple[Translator, Any]]:
    try:
        return iter(list(_sorted(document)))
    except WRONG as error:
        raise Invalid("The file looks like an export, but its frame is broken.", code="bad_frame") from error


def _sorted(document: Any) -> Iterator[tuple[Translator, Any]]:
    if isinstance(document, dict):
        for frame in (*makers.FRAMES, *phones.FRAMES):
            items = frame(document)
            if items is not None:
                return iter(items)
        document = [document]
    if isinstance(document, list) and document and isinstance(document[0], dict):
        for mark, translate in (*makers.MARKS, *phones.MARKS):
            if mark <= document[0].keys():
                return ((translate, item) for item in document)
        seen = ", ".join(sorted(document[0])[:6])
    else:
        seen = type(document).__name__
    raise Invalid("No maker's export looks like this JSON.", code="unknown_file", field=seen[:80])
