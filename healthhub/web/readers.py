"""Readers: other ways than the keypad into the logging page. Off unless settings.LOG_READERS names them; what they hear is only filled in.

One is built in, for dictated text. A reader of photographs has the same face (`takes` is "image"); none comes with the house.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

from healthhub.dialects import dictation
from healthhub.dialects.dictation import Heard

LONGEST_TEXT = 400
LARGEST_IMAGE = 8 * 1024 * 1024


class Reader(Protocol):
    """Something that makes readings out of words or of a picture of a display."""

    @property
    @abstractmethod
    def takes(self) -> Literal["text", "image"]:
        """What it is given."""

    @abstractmethod
    def read(self, given: str | bytes) -> Sequence[Heard]:
        """This function will give what it is sure of, an empty list otherwise; it stores nothing and raises nothing for odd input."""


class Dictation:
    """Dictated Chinese and English; the phone's keyboard does the listening."""

    takes: Literal["text", "image"] = "text"

    def read(self, given: str | bytes) -> Sequence[Heard]:
        return dictation.heard(given if isinstance(given, str) else "")


BUILT_IN: Mapping[str, Reader] = {"dictation": Dictation()}


def readers() -> list[Reader]:
    """This function will give the readers that are switched on, in their order. Raises ImportError for one that is not there."""
    return [BUILT_IN[name] if name in BUILT_IN else cast(Reader, import_string(name)()) for name in settings.LOG_READERS]


def heard(takes: Literal["text", "image"], given: str | bytes) -> list[Heard]:
    """This function will ask the readers for this kind of thing in turn; the first that hears anything counts."""
    for reader in readers():
        if reader.takes == takes and (found := reader.read(given)):
            return list(found)
    return []
