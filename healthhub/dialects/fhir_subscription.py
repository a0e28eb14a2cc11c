"""FHIR R4 Subscription: what is asked for, read strictly, and what is kept, written. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from healthhub.dialects.fhir_in import moment_of
from healthhub.lib.refused import Invalid

CHANNELS = ("rest-hook", "websocket")
RESOURCES = ("Observation", "Flag")
PAYLOADS = ("application/fhir+json", "application/json")
KNOWN = {"resourceType", "id", "meta", "status", "contact", "end", "reason", "criteria", "channel", "error", "text"}
HEADER = re.compile(r"(?P<name>[A-Za-z0-9-]{1,60}): *(?P<value>[\x21-\x7e](?:[\x20-\x7e]{0,1998}[\x21-\x7e])?)")
# What the transport itself says.
RESERVED = {"host", "content-length", "content-type", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect", "user-agent"}
MOST_HEADERS = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """What a Subscription asks for; the criteria are still a search in text: `resource?query`."""

    criteria: str
    resource: str
    query: str
    channel: str
    endpoint: str
    headers: tuple[str, ...]
    payload: bool
    reason: str
    ends_at: datetime | None


def read(resource: Any) -> Asked:
    """This function will read a Subscription. Raises Invalid with the element that is wrong."""
    if not isinstance(resource, Mapping) or resource.get("resourceType") != "Subscription":
        raise Invalid("A Subscription is wanted here.", code="wrong_type", field="resourceType")
    if unknown := set(resource) - KNOWN:
        raise Invalid("This element is not understood.", code="not_supported", field=f"Subscription.{min(unknown)[:60]}")
    criteria = _text(resource, "criteria", "Subscription.criteria", longest=2000)
    type_, _, query = criteria.partition("?")
    if type_ not in RESOURCES:
        raise Invalid("Observation and Flag can be subscribed to.", code="not_supported", field="Subscription.criteria")
    channel = resource.get("channel")
    if not isinstance(channel, Mapping):
        raise Invalid("Say by which channel.", code="missing_field", field="Subscription.channel")
    kind = channel.get("type")
    if kind not in CHANNELS:
        raise Invalid("The channels are rest-hook and websocket.", code="not_supported", field="Subscription.channel.type")
    if channel.get("payload", PAYLOADS[0]) not in PAYLOADS or (kind == "websocket" and "payload" in channel):
        raise Invalid("This payload is not sent.", code="not_supported", field="Subscription.channel.payload")
    if kind == "websocket" and ("endpoint" in channel or "header" in channel):
        raise Invalid("A websocket is opened by you: it has no address and no headers.", code="bad_value", field="Subscription.channel")
    return Asked(
        criteria=criteria,
        resource=type_,
        query=query,
        channel=kind,
        endpoint=_text(channel, "endpoint", "Subscription.channel.endpoint", longest=2000) if kind == "rest-hook" else "",
        headers=_headers(channel.get("header", [])),
        payload="payload" in channel,
        reason=_text(resource, "reason", "Subscription.reason", longest=200),
        ends_at=moment_of(resource["end"], "Subscription.end") if "end" in resource else None,
    )


def _text(resource: Mapping[str, Any], name: str, where: str, *, longest: int) -> str:
    text = resource.get(name)
    if not isinstance(text, str) or not text.strip() or len(text) > longest:
        raise Invalid("This element must be a text.", code="missing_field", field=where)
    return text


def _headers(lines: Any) -> tuple[str, ...]:
    where = "Subscription.channel.header"
    if not isinstance(lines, list) or len(lines) > MOST_HEADERS:
        raise Invalid("Up to 8 headers can be sent along.", code="bad_value", field=where)
    for line in lines:
        found = HEADER.fullmatch(line) if isinstance(line, str) else None
        if found is None or found["name"].lower() in RESERVED:
            raise Invalid("This header cannot be sent along.", code="bad_value", field=where)
    return tuple(lines)


def subscription(row: Mapping[str, Any]) -> dict[str, Any]:
    """This function will write one that is kept (fields of `monitoring.models.Subscription`); its headers are secrets and stay here."""
    channel: dict[str, Any] = {"type": row["channel"]}
    if row["endpoint"]:
        channel["endpoint"] = row["endpoint"]
    if row["payload"]:
        channel["payload"] = PAYLOADS[0]
    return {
        "resourceType": "Subscription",
        "id": str(row["id"]),
        "meta": {"versionId": "1", "lastUpdated": row["made_at"].isoformat()},
        "status": row["status"],
        "reason": row["reason"],
        "criteria": row["criteria"],
        **({"end": row["ends_at"].isoformat()} if row["ends_at"] else {}),
        **({"error": row["error"]} if row["error"] else {}),
        "channel": channel,
    }
