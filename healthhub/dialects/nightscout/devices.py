"""Device status: of all that loops and uploaders tell about themselves we keep how full the batteries are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from healthhub.dialects.nightscout import common
from healthhub.dialects.nightscout.common import Document, NotKept
from healthhub.lib.refused import Invalid

KEPT = frozenset({"device", "created_at", "date", "utcOffset", "uploader", "uploaderBattery", "pump", "app", *common.KEYS})


@dataclass(frozen=True, slots=True)
class Battery:
    """How full the battery of a source was, in percent, at a moment."""

    source: str
    percent: int
    at: datetime


def batteries_in(doc: Document, *, zone: ZoneInfo, now: datetime) -> list[Battery]:
    """This function will read the charge of the uploader's and the pump's battery.

    Raises NotKept where the document tells of neither, Invalid (`out_of_range`, `bad_time`, ...) for what is wrong.
    """
    source = common.source_of(doc, "device")
    found = []
    uploader, pump = doc.get("uploader"), doc.get("pump")
    if "uploaderBattery" in doc:
        found.append((source, common.number_of(doc, "uploaderBattery"), "uploaderBattery"))
    elif isinstance(uploader, Mapping):
        found.append((source, common.number_of(uploader, "battery"), "uploader.battery"))
    if isinstance(pump, Mapping) and isinstance(pump.get("battery"), Mapping):
        found.append((f"{source[:70]} (pump)", common.number_of(pump["battery"], "percent"), "pump.battery.percent"))
    told = [(name, percent, field) for name, percent, field in found if percent is not None]
    if not told:
        raise NotKept(field="device")
    dated = any(doc.get(name) for name in ("date", "created_at"))
    at = common.moment_of(doc, "created_at", zone=zone) if dated else now
    for _, percent, field in told:
        if not 0 <= percent <= 100:
            raise Invalid("A battery is between 0 and 100 % full.", code="out_of_range", field=field)
    return [Battery(name, round(percent), at) for name, percent, _ in told]


def left_out(doc: Document) -> list[str]:
    """This function will name the parts of a device status that we do not keep."""
    return sorted(name[:40] for name in doc.keys() - KEPT)[:20]


def id_of(source: str) -> str:
    """This function will give the `_id` of a source's device status: there is one, the newest."""
    return sha256(source.encode()).hexdigest()[:24]


def status_out(battery: Battery) -> dict[str, Any]:
    """This function will write the newest battery of a source as a device status."""
    when = common.iso(battery.at)
    return {
        "_id": id_of(battery.source),
        "identifier": id_of(battery.source),
        "device": battery.source,
        "created_at": when,
        "date": common.ms_of(battery.at),
        "mills": common.ms_of(battery.at),
        "utcOffset": 0,
        "uploaderBattery": battery.percent,
        "uploader": {"battery": battery.percent, "timestamp": when, "type": "PHONE"},
        "srvModified": common.ms_of(battery.at),
    }
