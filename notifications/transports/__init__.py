"""The doors a notice can leave by. Each is a module with `send(letter, address) -> str`: what the other side said.

A door that fails raises TransportError; `permanent=True` means it will never open again and its channel is disabled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


class TransportError(Exception):
    """The other side did not take the notice: try again, or never again when `permanent`."""

    def __init__(self, message: str, permanent: bool = False) -> None:
        self.message = message
        self.permanent = permanent
        super().__init__(message)


@dataclass(frozen=True)
class Letter:
    """What one person is told, in her language. `notice_id` is the same at every try: receivers drop repeats by it."""

    notice_id: UUID
    seq: int
    about: str
    reason: str
    severity: str
    title: str
    body: str
    language: str
    email: str  # her own address
    url: str  # where she reads on
    created_at: datetime
    sent_at: datetime


Address = Mapping[str, Any]
