"""The client that is generated from our own description: whoever writes against openapi.yaml writes against what is served."""

import importlib
import sys
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.servers import running_web
from tests.world import World, build
from tools import client as making

TABLE = b"date,weight,waist (cm)\n2026-03-01,130,80\n"


def test_the_committed_description_is_current() -> None:
    assert making.SCHEMA.read_text(encoding="utf-8") == making.schema(), "The views changed: `make client` writes openapi.yaml anew."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The package's name, importable while these tests run."""
    place: Path = tmp_path_factory.mktemp("made") / "healthhub_client"
    making.generate(place)
    sys.path.insert(0, str(place.parent))
    yield place.name
    sys.path.remove(str(place.parent))
    for name in [name for name in sys.modules if name.split(".")[0] == place.name]:
        del sys.modules[name]


@pytest.fixture
def served(transactional_db: None) -> World:
    return build()


@pytest.mark.slow
def test_it_sends_reads_and_confirms(made: str, served: World) -> None:
    def part(name: str) -> Any:
        return importlib.import_module(f"{made}.{name}")

    models, package, api = part("models"), part("client"), "api.v1."
    reading = {
        "patient": str(served.ana.id),
        "kind": "weight",
        "at": (served.now - timedelta(minutes=1)).isoformat(),
        "value": 71,
        "unit": "kg",
    }
    with running_web() as web:
        ours = package.AuthenticatedClient(base_url=web.url, token=served.secrets["token_write"])
        batch = models.SentBatchRequest.from_dict({"observations": [reading | {"key": "one"}]})
        for fate in ("stored", "duplicate"):
            receipt = part(api + "observations_send").sync(client=ours, body=batch)
            assert [one.fate for one in receipt.fates] == [fate]
        reads = package.AuthenticatedClient(base_url=web.url, token=served.secrets["token_read"])
        history = part(api + "observations_read").sync_detailed(served.ana.id, client=reads, kind="weight")
        assert history.status_code == 200
        assert "71" in history.content.decode()

        sent = part(api + "tables_send").sync(served.ana.id, client=ours, body=part("types").File(payload=BytesIO(TABLE)))
        assert [(one.name, one.likely) for one in sent.proposal.questions] == [("weight", "")]
        mapping = models.MappingRequest.from_dict(sent.proposal.mapping.to_dict())
        mapping.columns[0].unit = "[jin_ch]"
        waits = part(api + "tables_confirm").sync(served.ana.id, sent.file.id, client=ours, body=mapping)
        assert waits.state == "waiting"

        wrong = package.AuthenticatedClient(base_url=web.url, token=served.secrets["token_revoked"])
        refused = part(api + "observations_send").sync_detailed(client=wrong, body=batch)
        assert (refused.status_code, refused.parsed.code) == (401, "bad_token")
