"""Device tokens: shown once, kept as a hash, gone when revoked."""

import pytest
from django.db import connection

from healthhub.lib.refused import Conflict, Invalid
from healthhub.people import access, secrets, tokens
from healthhub.people.viewers import BadToken
from tests.world import World

pytestmark = pytest.mark.django_db


def test_a_secret_looks_like_ours_and_mistypings_are_seen() -> None:
    secret = secrets.fresh()
    assert secret.startswith("hh_")
    assert len(secret) == 61
    assert secrets.well_formed(secret)
    for i in range(3, 61):
        wrong = secret[:i] + ("a" if secret[i] != "a" else "b") + secret[i + 1 :]
        assert not secrets.well_formed(wrong)
    for nonsense in ("", "hh_", secret.upper(), secret + "a", secret[:-1], "hh_" + "é" * 58):
        assert not secrets.well_formed(nonsense)
    assert len({secrets.fresh() for _ in range(100)}) == 100


def test_the_secret_is_nowhere_in_the_database(world: World) -> None:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            for secret in world.secrets.values():
                cursor.execute(f"SELECT count(*) FROM {table} t WHERE t::text LIKE %s", [f"%{secret[9:]}%"])
                assert cursor.fetchone()[0] == 0


def test_a_token_says_what_it_may(world: World) -> None:
    token, secret = tokens.issue(
        patient=world.ana, name="Meter", kinds=["glucose"], may_write=True, may_read=False, by=world.viewer("patient_self"), now=world.now
    )
    viewer = access.viewer_of_token(secret, world.now)
    assert (viewer.kind, viewer.token_id, viewer.patient_id, viewer.user_id) == ("token", token.id, world.ana.id, None)
    assert viewer.covers("glucose")
    assert not viewer.covers("bp")
    assert world.viewer("token_write").covers("bp")
    assert token.prefix == secret[:9]


def test_revoked_unknown_and_malformed_are_refused_alike(world: World) -> None:
    for secret in (world.secrets["token_revoked"], secrets.fresh(), "hh_nonsense", ""):
        with pytest.raises(BadToken) as refused:
            access.viewer_of_token(secret, world.now)
        assert refused.value.as_dict() == BadToken().as_dict()


def test_a_token_is_revoked_once(world: World) -> None:
    token = tokens.all_tokens().get(id=world.token_ids["token_write"])
    tokens.revoke(token=token, by=world.viewer("patient_self"), now=world.now)
    with pytest.raises(Conflict):
        tokens.revoke(token=token, by=world.viewer("patient_self"), now=world.now)


def test_a_token_must_be_good_for_something_and_not_too_many(world: World) -> None:
    by, now = world.viewer("patient_self"), world.now
    for wrong in ({"name": " "}, {"may_write": False}):
        with pytest.raises(Invalid):
            tokens.issue(
                **{"patient": world.ana, "name": "x", "kinds": [], "may_write": True, "may_read": False, "by": by, "now": now} | wrong
            )
    for i in range(tokens.LIVE_AT_MOST - 2):
        tokens.issue(patient=world.ana, name=f"d{i}", kinds=[], may_write=True, may_read=False, by=by, now=now)
    with pytest.raises(Conflict):
        tokens.issue(patient=world.ana, name="one more", kinds=[], may_write=True, may_read=False, by=by, now=now)
