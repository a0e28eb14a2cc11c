"""What a server of Nightscout says of itself and of the person it is for: status, versions, rights, profile."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from healthhub.dialects.nightscout import common

NAME, VERSION, VERSION_3 = "HealthHub", "15.0.7", "3.0.3-alpha"
COLLECTIONS = ("devicestatus", "entries", "food", "profile", "settings", "treatments")
# The international consensus on time in range, in mg/dL; her own limits are judged here, not in her client.
THRESHOLDS = {"bgHigh": 250, "bgTargetTop": 180, "bgTargetBottom": 70, "bgLow": 54}
VERSIONS = [
    {"version": "1.0.0", "url": "/api/v1"},
    {"version": "2.0.0", "url": "/api/v2"},
    {"version": VERSION_3, "url": "/api/v3"},
]
LETTERS = (("c", "create"), ("r", "read"), ("u", "update"), ("d", "delete"))


def status(*, now: datetime, units: str, may_write: bool, zone: str) -> dict[str, Any]:
    """This function will give the status of API 1; `units` is `mmol` or `mg/dl`."""
    return {
        "status": "ok",
        "name": NAME,
        "version": VERSION,
        "serverTime": common.iso(now),
        "serverTimeEpoch": common.ms_of(now),
        "apiEnabled": True,
        "careportalEnabled": may_write,
        "boluscalcEnabled": False,
        "settings": {
            "units": units,
            "timeFormat": 24,
            "theme": "default",
            "customTitle": NAME,
            "thresholds": THRESHOLDS,
            "enable": ["careportal", "iob", "delta", "direction", "upbat", "timeago", "simplealarms"],
            "timezone": zone,
            "alarmUrgentHigh": True,
            "alarmHigh": True,
            "alarmLow": True,
            "alarmUrgentLow": True,
        },
        "extendedSettings": {"devicestatus": {"advanced": False}},
        "authorized": None,
        "runtimeState": "loaded",
    }


def verified(*, found: bool, may_read: bool, may_write: bool) -> dict[str, Any]:
    """This function will give the answer of verifyauth, which is always a good one."""
    right = found and (may_read or may_write)
    return {
        "status": 200,
        "message": {
            "canRead": found and may_read,
            "canWrite": found and may_write,
            "isAdmin": False,
            "message": "OK" if right else "UNAUTHORIZED",
            "rolefound": "FOUND" if found else "NOTFOUND",
            "permissions": "ROLE" if found else "DEFAULT",
        },
    }


def letters(*, may_read: bool, may_write: bool) -> str:
    """This function will spell rights as API 3 does: `crud`, `r`, `cud`."""
    return "".join(letter for letter, word in LETTERS if (may_read if word == "read" else may_write))


def version_3(now: datetime) -> dict[str, Any]:
    """This function will give the version of API 3."""
    return {"version": VERSION, "apiVersion": VERSION_3, "srvDate": common.ms_of(now), "storage": {"storage": "postgresql"}}


def profile(*, zone: str, units: str, since: datetime) -> dict[str, Any]:
    """This function will give the one profile there is: units, zone and target range. Ratios are not kept here."""
    factor = 1 if units == "mg/dl" else 18.0182
    low, high = (round(THRESHOLDS[name] / factor, 1) for name in ("bgTargetBottom", "bgTargetTop"))
    start = common.iso(since)
    body: Mapping[str, Any] = {
        "dia": 0,
        "carbs_hr": 0,
        "delay": 0,
        "carbratio": [],
        "sens": [],
        "basal": [],
        "target_low": [{"time": "00:00", "timeAsSeconds": 0, "value": low}],
        "target_high": [{"time": "00:00", "timeAsSeconds": 0, "value": high}],
        "timezone": zone,
        "units": units,
        "startDate": start,
    }
    return {
        "_id": "0" * 24,
        "identifier": "0" * 24,
        "defaultProfile": "Default",
        "store": {"Default": body},
        "startDate": start,
        "created_at": start,
        "date": common.ms_of(since),
        "mills": common.ms_of(since),
        "units": units,
    }
