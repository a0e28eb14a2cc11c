"""A directory for servers of a test's own."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def state() -> Iterator[Path]:
    """A directory that the servers' account may enter: pytest's own are closed to it when we are root."""
    made = Path(tempfile.mkdtemp(prefix="healthhub-state-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)
