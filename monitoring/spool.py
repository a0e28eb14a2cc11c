"""Files sent in, and what was read out of them, in a private place: nothing here is ever served."""

import io
import os
import shutil
import struct
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import msgspec
from django.conf import settings

from healthhub.dialects.files.record import Record
from healthhub.lib.refused import Invalid, Refused

SOURCE, RECORDS = "file", "records"
RESERVE = 1024**3  # bytes that stay free for everything else
ORPHAN_SECONDS = 3600.0
_LENGTH = struct.Struct(">I")


class TooLarge(Refused):
    code = "too_large"
    sentence = "The file is larger than is taken here."
    status = 413


class NoRoom(Refused):
    code = "no_room"
    sentence = "There is no room for a file of this size at the moment. Please try again later."
    status = 507


def path_of(import_id: UUID, what: str = SOURCE) -> Path:
    """This function will give the path of an import's file; its place is made where it is missing, open to nobody else."""
    root = Path(settings.IMPORT_ROOT)
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    return root / f"{import_id}.{what}"


def _made(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def keep(import_id: UUID, chunks: Iterable[bytes]) -> int:
    """This function will write a file as it comes and give its bytes; what is not wanted whole is not kept at all.

    Raises TooLarge beyond settings.IMPORT_MAX_BYTES, NoRoom.
    """
    path, size, whole = path_of(import_id), 0, False
    try:
        with _made(path) as file:
            for chunk in chunks:
                size += len(chunk)
                check_size(size)
                file.write(chunk)
        whole = True
    finally:
        if not whole:
            path.unlink(missing_ok=True)
    return size


def check_size(size: int) -> None:
    """This function will raise TooLarge or NoRoom where so many bytes cannot be kept (and once more, as what is read out of them)."""
    if size > settings.IMPORT_MAX_BYTES:
        raise TooLarge
    if shutil.disk_usage(path_of(UUID(int=0)).parent).free < size + RESERVE:
        raise NoRoom


class Watched(io.BufferedReader):
    """A file sent in that tells, before every read, how many bytes were read so far."""

    def __init__(self, import_id: UUID, told: Callable[[int], None]) -> None:
        try:
            super().__init__(io.FileIO(path_of(import_id)))
        except FileNotFoundError as error:
            raise Invalid("The file is no longer here. Please send it again.", code="file_gone") from error
        self.told, self.taken = told, 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.told(self.taken)
        data = super().read(size)
        self.taken += len(data)
        return data

    def readline(self, size: int | None = -1, /) -> bytes:
        self.told(self.taken)
        line = super().readline(size)
        self.taken += len(line)
        return line


def write(import_id: UUID, batches: Iterable[tuple[Record, ...]]) -> int:
    """This function will write what was read, batch by batch, from the beginning, and give how many records it was."""
    path, count = path_of(import_id, RECORDS), 0
    path.unlink(missing_ok=True)
    with _made(path) as file:
        for batch in batches:
            rows = [(one.where, one.reading, _told(one.refused)) for one in batch]
            block = zlib.compress(msgspec.json.encode(rows), 1)
            file.write(_LENGTH.pack(len(block)) + block)
            count += len(batch)
    return count


def _told(refused: Invalid | None) -> tuple[str, str, str | None] | None:
    return None if refused is None else (refused.code, refused.sentence, refused.field)


def batches(import_id: UUID, *, start: int) -> Iterator[tuple[list[Record], int]]:
    """This function will yield batches from the byte `start` on, each with the byte at which the next one begins."""
    try:
        file = path_of(import_id, RECORDS).open("rb")
    except FileNotFoundError as error:
        raise Invalid("The file is no longer here. Please send it again.", code="file_gone") from error
    with file:
        file.seek(start)
        while head := file.read(_LENGTH.size):
            rows = msgspec.json.decode(zlib.decompress(file.read(_LENGTH.unpack(head)[0])))
            yield [Record(where, reading, _refusal(told)) for where, reading, told in rows], file.tell()


def _refusal(told: tuple[str, str, str | None] | None) -> Invalid | None:
    return None if told is None else Invalid(told[1], code=told[0], field=told[2])


def remove(import_id: UUID) -> None:
    """This function will delete an import's files."""
    for what in (SOURCE, RECORDS):
        path_of(import_id, what).unlink(missing_ok=True)


def orphans(living: Iterable[UUID]) -> int:
    """This function will delete files of no living import that nobody touched for an hour, and give how many."""
    names, gone = {str(one) for one in living}, 0
    for path in path_of(UUID(int=0)).parent.iterdir():
        if path.stem not in names and path.stat().st_mtime < time.time() - ORPHAN_SECONDS:
            path.unlink(missing_ok=True)
            gone += 1
    return gone
