"""schemathesis over the schema, signed in as three viewers: every check, no server error. Long form: `python -m tests.fuzz`."""

from pathlib import Path

import pytest

from tests.fuzz import campaign, things
from tests.servers import running_web


@pytest.mark.slow
def test_the_service_keeps_its_schema(transactional_db: None, tmp_path: Path) -> None:
    fuzzed = things.fill()
    tally = campaign.Tally()
    with running_web() as web:
        for name in ("doctor_in_team", "token", "patient_self"):
            viewer = campaign.Viewer(name, fuzzed.viewers[name], fuzzed.ids)
            campaign.run(url=web.url, viewer=viewer, place=tmp_path, tally=tally, examples=4, seed=1, phases="examples,fuzzing")
    print(tally.table())
    assert not tally.failures, tally.table()
    assert tally.server_errors == 0
    assert sum(tally.cases.values()) > 300
    assert len(tally.operations) >= 45
