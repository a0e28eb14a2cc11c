"""A body of readings: JSON, NDJSON, gzip; split into single readings so that a bad one costs nobody else. Every limit is a coded 4xx."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import msgspec
from django.conf import settings

from healthhub.api.parsers import strict_json
from healthhub.lib.refused import Invalid, Refused
from monitoring.sent import Sent, refusal

CHUNK = 64 * 1024
_one = msgspec.json.Decoder(Sent)
_many = msgspec.json.Decoder(list[msgspec.Raw])
# Names that must not stand twice in a reading: JSON would keep the last one in silence.
_ONCE = (b'"value"', b'"value2"', b'"at"', b'"kind"', b'"unit"', b'"patient"', b'"source"', b'"key"')


class TooLarge(Refused):
    code = "too_large"
    sentence = "The body is larger than this address takes."
    status = 413


class WrongType(Refused):
    code = "unsupported_media_type"
    sentence = "Send application/json or application/x-ndjson, plain or gzip."
    status = 415


def read_body(stream: BinaryIO, *, encoding: str) -> bytes:
    """This function will read a body, inflating gzip, and stop at settings.OBSERVATIONS_MAX_BYTES whichever way it grows.

    Raises TooLarge (413), WrongType (415) for another encoding, Invalid (`not_gzip`) for a broken one.
    """
    limit = settings.OBSERVATIONS_MAX_BYTES
    raw = stream.read(limit + 1)
    if len(raw) > limit:
        raise TooLarge
    if encoding in ("", "identity"):
        return raw
    if encoding != "gzip":
        raise WrongType
    inflate = zlib.decompressobj(wbits=31)
    try:
        body = inflate.decompress(raw, limit + 1)
    except zlib.error as error:
        raise Invalid("The body is not gzip.", code="not_gzip") from error
    if len(body) > limit:
        raise TooLarge
    if not inflate.eof:
        raise Invalid("The gzip body breaks off.", code="not_gzip")
    return body


def split(body: bytes, *, content_type: str) -> list[bytes]:
    """This function will cut a body into the bytes of single readings.

    JSON: one object, a list, or `{"observations": [...]}`; NDJSON: one object a line. Raises Invalid for what is none of them, for
    no reading at all, and for more than settings.OBSERVATIONS_MAX_COUNT.
    """
    if not body.strip():
        parts: list[bytes] = []
    elif content_type == "application/x-ndjson":
        parts = [line for line in body.split(b"\n") if line.strip()]
    elif content_type in ("application/json", ""):
        parts = _split_json(body)
    else:
        raise WrongType
    if not parts:
        raise Invalid("There is no reading in the body.", code="empty")
    if len(parts) > settings.OBSERVATIONS_MAX_COUNT:
        raise Invalid(f"Send at most {settings.OBSERVATIONS_MAX_COUNT} readings at a time.", code="too_many")
    return parts


def _split_json(body: bytes) -> list[bytes]:
    text = body.lstrip(b" \t\r\n")
    if text.startswith(b"{"):
        try:
            wrapped = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            strict_json(body)
            raise Invalid("The body is not JSON.", code="not_json") from None
        if set(wrapped) != {"observations"}:
            return [bytes(text)]
        text = bytes(wrapped["observations"])
    try:
        return [bytes(raw) for raw in _many.decode(text)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        strict_json(body)  # says what is wrong with it, if it is not JSON at all
        raise Invalid("Send one reading, a list of readings, or {observations: [...]}.", code="not_json") from None


def decode(part: bytes) -> Sent | Mapping[str, Any]:
    """This function will decode one reading. Raises Invalid with the field; doubtful bytes get the slow, strict reading first."""
    if b"\\u" in part or any(part.count(name) > 1 for name in _ONCE):
        strict_json(part)
    try:
        return _one.decode(part)
    except msgspec.ValidationError as error:
        raise refusal(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        strict_json(part)
        raise Invalid("The reading is not JSON.", code="not_json") from None


def decode_all(parts: Sequence[bytes]) -> list[Sent] | None:
    """This function will decode readings in one go, or give None where any of them is wrong or in doubt: then `decode` says which and why.

    Each name that must stand once has to be there as often as the readings say that they have it.
    """
    text = b"\n".join(parts)
    if b"\\u" in text:
        return None
    try:
        found = _one.decode_lines(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    here = {b'"kind"': len(found), b'"at"': len(found), b'"value"': len(found)}
    here[b'"value2"'] = sum(sent.value2 is not None for sent in found)
    here[b'"unit"'] = sum(sent.unit is not None for sent in found)
    here[b'"patient"'] = sum(sent.patient is not None for sent in found)
    here[b'"source"'] = sum(sent.source != "default" for sent in found)
    here[b'"key"'] = sum(sent.key != "" for sent in found)
    certain = len(found) == len(parts) and all(text.count(name) == here[name] for name in _ONCE)
    return found if certain else None
