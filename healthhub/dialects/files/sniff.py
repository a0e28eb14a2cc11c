"""Which reader a file is for: by its first bytes, never by its name."""

import zipfile
from datetime import tzinfo
from typing import BinaryIO, cast

from healthhub.dialects.files import apple_health, archives, documents, garmin, health_connect, tables
from healthhub.dialects.files.record import Records
from healthhub.lib.refused import Invalid

HEAD = 4096
EXPORTS = ("apple_health_export/export.xml", "export.xml")


def records(stream: BinaryIO, zone: tzinfo) -> Records:
    """This function will yield the records of any file that is known here. `stream` can be wound back; it is read from its beginning.

    Raises Invalid: empty, unknown_file (with what was seen), zip_bomb, broken_zip, and what the readers raise.
    """
    stream.seek(0)
    head = stream.read(HEAD)
    stream.seek(0)
    if head.startswith(b"PK\x03\x04"):
        with archives.opened(stream) as archive:
            yield from _archived(archive, zone)
    else:
        yield from _plain(stream, head, zone)


def check_end(stream: BinaryIO) -> None:
    """This function will refuse, without reading it whole, an export.xml that breaks off. Raises Invalid `not_xml`."""
    stream.seek(0)
    head = stream.read(HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith((b"<?xml", b"<!DOCTYPE", b"<HealthData")):
        stream.seek(-min(HEAD, stream.seek(0, 2)), 2)
        if b"</HealthData>" not in stream.read(HEAD):
            raise Invalid("The XML is broken or breaks off.", code="not_xml", field="end")


def _plain(stream: BinaryIO, head: bytes, zone: tzinfo) -> Records:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise Invalid("The file is empty.", code="empty")
    if head[8:12] == b".FIT":
        return garmin.read(stream, zone)
    if head.startswith(health_connect.MAGIC):
        return health_connect.read(stream, zone)
    if text.startswith((b"<?xml", b"<!DOCTYPE", b"<HealthData")):
        return apple_health.read(stream)
    if text[:1] in (b"{", b"["):
        return documents.read(stream, zone)
    words = _words(text)
    if tables.known(words):
        return tables.read(stream, zone)
    seen = "".join(char for char in words[:60] if char.isprintable())
    raise Invalid("No reader here is for this file.", code="unknown_file", field=f"begins with {seen}"[:80])


def _words(head: bytes) -> str:
    """A beginning that may end within a letter, in UTF-8 or GBK."""
    try:
        return head.decode("utf-8")
    except UnicodeDecodeError as error:
        return head.decode("utf-8" if error.start > len(head) - 4 else "gb18030", "replace")


def _of_health(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    """A phone names its export in its own language (and not always in UTF-8): what it holds tells."""
    if not info.filename.endswith(".xml"):
        return False
    with archive.open(info) as member:
        return b"HealthData" in member.read(400)


def _archived(archive: zipfile.ZipFile, zone: tzinfo) -> Records:
    """Apple Health's export, or Health Connect's."""
    names = [info for info in archive.filelist if info.filename in EXPORTS or info.filename.endswith("/export.xml")]
    names = names or [info for info in archive.filelist if _of_health(archive, info)]
    bases = [info for info in archive.filelist if info.filename.rpartition("/")[2] == health_connect.MEMBER]
    if not names and not bases:
        seen = ", ".join(info.filename for info in archive.filelist[:3])
        raise Invalid("The archive holds no export that is known here.", code="unknown_file", field=seen[:80] or "nothing")
    found = (names or bases)[0]
    archives.check(found)
    with archive.open(found) as member:
        stream = cast("BinaryIO", member)
        yield from apple_health.read(stream) if names else health_connect.read(stream, zone)
