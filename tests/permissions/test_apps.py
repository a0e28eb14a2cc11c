"""Walks every address of the API with the keys of apps: what a key opens stands in the table below; everywhere else it is nobody's.

her   Ana's app, patient/*.rs of Ana           obs   Cleo's app, patient/Observation.rs of Ana     doc   Dr Lim's app, user/*.rs
ben   Ben's app, user/*.rs                     sys   the clinic's system, to which Ana consented   end   Ana's app, ended
"""

import pytest
from django.test import Client

from healthhub.lib.data_classes import DATA_CLASSES
from healthhub.people import consent, smart
from healthhub.people.models import AppAccess
from tests.apps import app, bearing
from tests.permissions.records import Records
from tests.permissions.requests import asking
from tests.permissions.table import lines
from tests.permissions.test_table import ask
from tests.permissions.walk import carries, fingerprint, undone
from tests.world import World

pytestmark = pytest.mark.django_db
COLUMNS = ("her", "obs", "doc", "ben", "sys", "end")
TABLE = """
method  address              her  obs  doc  ben  sys  end

GET     fhir-patient         200  403  200  404  200  401
GET     fhir-everything      200  403  200  404  200  401
GET     fhir-observations    200  200  200  404  200  401
GET     fhir-lastn           200  200  200  404  200  401
GET     fhir-observation     200  200  200  404  200  401
GET     fhir-device          200  403  200  404  200  401
GET     fhir-flags           200  403  200  404  200  401
GET     fhir-flag            200  403  200  404  200  401
GET     fhir-issues          200  403  200  404  200  401
GET     fhir-issue           200  403  200  404  200  401
GET     fhir-risks           200  403  200  404  200  401
GET     fhir-risk            200  403  200  404  200  401
POST    fhir-search          200  200  200  404  200  401
GET     fhir-communications  200  403  200  404  200  401
GET     fhir-communication   200  403  200  404  200  401
GET     fhir-provenances     200  403  200  404  200  401
GET     fhir-provenance      200  403  200  404  200  401
GET     fhir-export          202  403  202  202  202  401
GET     fhir-export-patients 202  403  202  202  202  401
GET     fhir-export-patient  202  403  202  404  202  401
GET     fhir-export-status   404  403  404  404  404  401
DELETE  fhir-export-status   404  403  404  404  404  401
GET     fhir-export-file     404  403  404  404  404  401
GET     fhir-plans           200  403  200  404  200  401
GET     fhir-plan            200  403  200  404  200  401
GET     fhir-goals           200  403  200  404  200  401
GET     fhir-goal            200  403  200  404  200  401
GET     fhir-questionnaires  200  403  200  404  200  401
GET     fhir-questionnaire   200  403  200  404  200  401
POST    fhir-questionnaires  403  403  403  404  403  401
GET     fhir-subscriptions   200  200  200  200  200  401
POST    fhir-subscriptions   201  201  201  404  400  401
GET     fhir-subscription    404  404  404  404  404  401
DELETE  fhir-subscription    404  404  404  404  404  401
# An app writes nothing, and consents and the log are not for apps.
POST    fhir-observations    403  403  403  404  403  401
POST    fhir-bundle          403  403  403  403  403  401
GET     fhir-consents        403  403  403  403  403  401
GET     fhir-consent         403  403  403  403  403  401
GET     fhir-events          403  403  403  403  403  401
GET     fhir-other           403  403  403  403  403  401
POST    fhir-other           403  403  403  403  403  401
"""
# Nightscout says to anybody whether she is known, and takes the secret that stands in the address, whatever stands beside it.
ANYBODYS = {"ns-verifyauth", "ns-bearer"}
CELLS = {
    (method, name): dict(zip(COLUMNS, map(int, expected), strict=True))
    for method, name, *expected in (line.split() for line in TABLE.strip().splitlines()[1:] if line.strip() and line[0] != "#")
}


@pytest.fixture(scope="module")
def keys(marked: World, records: Records) -> dict[str, Client]:
    """A client with the key of each app; all but `ben` are about Ana."""
    ana = str(marked.ana.id)
    consent.grant(
        patient=marked.ana,
        grantee_kind="organisation",
        grantee_id=marked.clinic.id,
        data_classes=DATA_CLASSES,
        purpose="care",
        rights=["read"],
        document_version="1",
        by=marked.viewer("patient_self"),
        now=marked.now,
    )
    given = {
        "her": app().key(marked.client("patient_self"), "patient/*.rs", ana),
        "obs": app().key(marked.client("caregiver_with_consent"), "patient/Observation.rs", ana),
        "doc": app().key(marked.client("doctor_in_team"), "user/*.rs"),
        "ben": app().key(marked.client("other_patient"), "user/*.rs"),
        "end": app().key(marked.client("patient_self"), "patient/*.rs", ana),
    }
    system, secret = smart.register_system(name="Warehouse", organisation=marked.clinic, scopes=["system/*.rs"], now=marked.now)
    sent = {"grant_type": "client_credentials", "client_id": system.client_id, "client_secret": secret, "scope": "system/*.rs"}
    given["sys"] = Client().post("/oauth/token", sent).json()
    last = AppAccess.objects.filter(user=marked.users["patient_self"]).latest("id")
    smart.end(access_id=last.id, by=marked.viewer("patient_self"), now=marked.now)
    return {name: bearing(said["access_token"]) for name, said in given.items()}


@pytest.mark.parametrize("line", lines(), ids=lambda line: f"{line.method}-{line.name}")
def test_every_address(marked: World, records: Records, keys: dict[str, Client], line: object) -> None:
    method, name = line.method, line.name  # type: ignore[attr-defined]
    how, before, wrong = asking(marked, records, method, name), fingerprint(), []
    for column in COLUMNS:
        expected = CELLS.get((method, name), dict.fromkeys(COLUMNS, 200 if name in ANYBODYS else 401))[column]
        with undone():
            response = ask(keys[column], method, name, how)
            if response.status_code != expected:
                wrong.append(f"{column}: {response.status_code} instead of {expected}: {response.content[:200]!r}")
            if carries(response, "ana") and column in ("ben", "end"):
                wrong.append(f"{column} heard of Ana")
            if carries(response, "ben") and column != "ben":
                wrong.append(f"{column} heard of Ben")
            if response.status_code >= 400 and {**fingerprint(), "people_appaccess": 0} != {**before, "people_appaccess": 0}:
                wrong.append(f"{column} was refused, and yet something changed")
    assert not wrong, "\n".join(wrong)


def test_every_fhir_address_is_here() -> None:
    assert set(CELLS) == {(line.method, line.name) for line in lines() if line.name.startswith("fhir-")}
