"""The process table is one: what compose.yaml starts is what the table says."""

import shlex

import yaml

from healthhub.config.processes import PRODUCTION, demo, stream
from healthhub.config.servers import ROOT


def test_compose_starts_the_processes_of_the_table() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    started = {name: tuple(shlex.split(services[name]["command"])) for name in PRODUCTION}
    assert started == dict(PRODUCTION)


def test_several_workers_and_sweeps_run_side_by_side() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert services["worker"]["deploy"]["replicas"] > 1
    assert services["sweep"]["deploy"]["replicas"] > 1


def test_demo_serves_everything_from_one_port_and_replays_when_asked() -> None:
    names = [program.name for program in demo(host="127.0.0.1", port=8000)]
    assert names == ["web", "worker", "sweep"]
    assert stream(url="http://127.0.0.1:8000", data="").words[2] == "simulate"
    assert stream(url="http://127.0.0.1:8000", data="cgm").words[2:4] == ("replay", "cgm")
