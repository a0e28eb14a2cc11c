"""Opaque ids for everything that leaves the house."""

import uuid

import uuid_utils


def uuid7() -> uuid.UUID:
    """This function will give a new UUIDv7 (RFC 9562): time-ordered for the index, unguessable for the stranger."""
    return uuid.UUID(bytes=uuid_utils.uuid7().bytes)
