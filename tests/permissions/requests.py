"""How each address of the table is asked: the ids in its path and a body that the right person may send."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.urls import reverse

from tests.world import World


@dataclass(frozen=True)
class Asking:
    """`ids` are the parameters of the path; `body` is JSON; `query` stands behind the question mark."""

    ids: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    query: dict[str, str] = field(default_factory=dict)


def asking(world: World, method: str, name: str) -> Asking:
    """This function will give the request for one line of the table, aimed at what is Ana's."""
    ana = {"patient_id": str(world.ana.id)}
    duty = [str(world.users["nurse_in_team"].id), str(world.users["doctor_in_team"].id)]
    grant = {
        "grantee_kind": "person",
        "grantee_id": str(world.users["caregiver_withdrawn"].id),
        "data_classes": ["vitals"],
        "purpose": "caregiving",
        "rights": ["read"],
        "document_version": "2026-02",
        "ends_at": (world.now + timedelta(days=30)).isoformat(),
    }
    known = {
        "GET me": Asking(),
        "GET patients": Asking(),
        "GET patient": Asking(ana),
        "GET consent": Asking(ana),
        "POST consent": Asking(ana, grant),
        "POST consent-withdraw": Asking({"entry_id": str(world.entries["cleo"].id)}),
        "GET tokens": Asking(ana),
        "POST tokens": Asking(ana, {"name": "Cuff", "kinds": ["bp"]}),
        "DELETE token": Asking({"token_id": str(world.token_ids["token_read"])}),
        "GET access-log": Asking(ana),
        "POST break-the-glass": Asking(ana, {"reason": "found unconscious in the lobby", "hours": 2}),
        "GET break-glass": Asking(),
        "POST break-glass-review": Asking({"opening_id": str(world.openings["doctor_break_glass_lapsed"].id)}, {"outcome": "justified"}),
        "GET teams": Asking(),
        "POST on-duty": Asking({"team_id": str(world.north.id)}, {"on_duty": duty}),
        "POST membership-end": Asking({"membership_id": str(world.memberships["nurse_in_team"].id)}),
    }
    return known[f"{method} {name}"]


def path_of(name: str, ids: dict[str, Any], query: dict[str, str] | None = None) -> str:
    """This function will give the path of an address."""
    return str(reverse(name, kwargs=ids, query=query))
