"""A made-up Apple Health export of any size, read by our translator and by a bare lxml iterparse; and the memory the reading takes."""

import re
import time
from multiprocessing import get_context
from pathlib import Path

from lxml import etree

from healthhub.dialects.files import apple_health

HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n<HealthData locale="en_US">\n <ExportDate value="2026-01-01 08:00:00 +0800"/>\n'
RECORD = (
    ' <Record type="HKQuantityTypeIdentifier{what}" sourceName="Watch" sourceVersion="10.1" unit="{unit}" '
    'device="&lt;&lt;HKDevice: 0x283c5f2a0&gt;, name:Apple Watch, manufacturer:Apple Inc., model:Watch, hardware:Watch6,1&gt;" '
    'creationDate="{minute}:30 +0800" startDate="{minute}:00 +0800" endDate="{minute}:{lasts} +0800" value="{value}"{rest}\n'
)
# A watch says of each pulse whether she moved.
MOVING = '>\n  <MetadataEntry key="HKMetadataKeyHeartRateMotionContext" value="0"/>\n </Record>'
KINDS = (("HeartRate", "count/min"), ("StepCount", "count"), ("HeartRate", "count/min"), ("DistanceWalkingRunning", "km"))
MB = 1_000_000


def written(path: Path, *, megabytes: int) -> Path:
    """This function will write an export of about this size: pulse, steps and distance, a record a minute of two weeks, over and over."""
    whole = "".join(
        RECORD.format(
            what=KINDS[n % 4][0],
            unit=KINDS[n % 4][1],
            minute=f"2025-03-{1 + n // 1440:02} {n // 60 % 24:02}:{n % 60:02}",
            lasts="20" if n % 2 else "00",  # a pulse is a moment, steps are a span
            value=60 + n % 40,
            rest="/>" if n % 2 else MOVING,
        )
        for n in range(20_000)
    ).encode()
    with path.open("wb") as out:
        out.write(HEAD)
        for _ in range(max(1, megabytes * MB // len(whole))):
            out.write(whole)
        out.write(b"</HealthData>\n")
    return path


def ours(path: Path) -> int:
    """This function will translate every record and give their number."""
    with path.open("rb") as stream:
        return sum(1 for _ in apple_health.read(stream))


def bare(path: Path) -> int:
    """This function will let lxml build and drop every element, and give the number of records: what reading costs at the least."""
    count = 0
    for _, element in etree.iterparse(str(path), events=("end",), tag="Record"):
        count += 1
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return count


def _peak(path: Path) -> float:
    """VmHWM begins anew with each program; getrusage's figure would be inherited."""
    ours(path)
    return int(re.findall(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[0]) / 1024


def peak(path: Path) -> float:
    """This function will give the largest memory, in MB, of a process that does nothing but translate this file."""
    with get_context("spawn").Pool(1) as pool:
        return float(pool.apply(_peak, (path,)))


def rates(path: Path) -> tuple[float, float]:
    """This function will give MB/s of ours and of the bare reading, taken in turns."""
    size = path.stat().st_size / MB
    taken: dict[str, float] = {"ours": 0.0, "bare": 0.0}
    counts = set()
    for _ in range(2):
        for name, read in (("ours", ours), ("bare", bare)):
            began = time.process_time()
            counts.add(read(path))
            taken[name] += time.process_time() - began
    if len(counts) != 1:
        raise RuntimeError(f"the two readings counted differently: {counts}")
    return 2 * size / taken["ours"], 2 * size / taken["bare"]
