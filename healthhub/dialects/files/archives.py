"""Archives from outside: what is built to do harm, broken or locked is refused before or while it is unpacked. Pure."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from healthhub.lib.refused import Invalid

# Apple's exports shrink 20 to 40 times; a bomb a thousand times.
MOST_UNZIPPED, MOST_RATIO, MOST_MEMBERS = 8 * 1024**3, 150, 100_000


@contextmanager
def opened(stream: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """This function will open an archive. Raises Invalid: zip_bomb (too many members), broken_zip, also for what is read in it."""
    try:
        with zipfile.ZipFile(stream) as archive:
            if len(archive.filelist) > MOST_MEMBERS:
                raise bomb()
            yield archive
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise Invalid("The archive is broken or locked.", code="broken_zip") from error


def check(info: zipfile.ZipInfo, most: int = MOST_UNZIPPED) -> None:
    """This function will raise Invalid `zip_bomb` for a member of more than `most` bytes or shrunk as only a bomb is."""
    if info.file_size > most or info.file_size > 1024 * 1024 + info.compress_size * MOST_RATIO:
        raise bomb()


def bomb() -> Invalid:
    """This function will give the refusal of an archive that is built to do harm."""
    return Invalid("The archive is built to do harm.", code="zip_bomb")
