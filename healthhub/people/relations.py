"""What each relation to a patient opens: the table behind the gate. Pure; `access` finds the relations.

| relation                                    | read | write | act | snooze | limits, judge | backtest | clinical | her affairs |
|---------------------------------------------|------|-------|-----|--------|---------------|----------|----------|-------------|
| the patient herself                         | yes  | yes   | yes | yes    | -             | -        | -        | yes         |
| person named by a grant (care, caregiving)  | r    | w     | a   | n      | -             | -        | -        | -           |
| care team or organisation (care), clinician | r    | w     | a   | n      | a             | r        | r        | -           |
| break-glass, while it is open               | yes  | -     | -   | -      | -             | -        | yes      | -           |
| programme, research, insurer, operator      | -    | -     | -   | -      | -             | -        | -        | -           |

r, w, a, n: if the grant gives the right to read, write, act, be notified; and then for the grant's data classes only.
Her affairs are consent, tokens, audit, export. `clinical` is to read what is for clinicians only (models that are not for
patients, outcomes); `judge` is to have a clinician's say.
"""

from dataclasses import dataclass

from healthhub.lib.data_classes import DATA_CLASSES

# Action -> the right of a grant that it needs; None: no grant can give it.
RIGHT_FOR: dict[str, str | None] = {
    "read": "read",
    "write": "write",
    "act": "act",
    "snooze": "notify",  # not to be told for a while
    "limits": "act",
    "backtest": "read",
    "clinical": "read",
    "judge": "act",
    "consent": None,
    "tokens": None,
    "audit": None,
    "export": None,
    "break_glass": None,
}
RIGHTS = ("read", "notify", "write", "act")
SELF_MAY = frozenset({"read", "write", "act", "snooze", "consent", "tokens", "audit", "export"})
GLASS_MAY = frozenset({"read", "clinical"})
APP_MAY = frozenset({"read", "clinical"})  # an app in somebody's name: at most what its principal may, and never more than to read
_PERSON_MAY = frozenset({"read", "write", "act", "snooze"})
_TEAM_MAY = _PERSON_MAY | {"limits", "backtest", "clinical", "judge"}
# (kind of grantee, purpose) -> what such a grant can open at all. What is not here opens no person's data.
GRANT_MAY: dict[tuple[str, str], frozenset[str]] = {
    ("person", "care"): _PERSON_MAY,
    ("person", "caregiving"): _PERSON_MAY,
    ("team", "care"): _TEAM_MAY,
    ("organisation", "care"): _TEAM_MAY,
}


@dataclass(frozen=True, slots=True)
class Relation:
    """How a viewer stands to a patient: `kind` is self, break_glass, or the kind of grantee of a live grant."""

    kind: str
    purpose: str = ""
    rights: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()


def opens_existence(relation: Relation) -> bool:
    """This function will tell whether the viewer may know at all that this patient exists."""
    return relation.kind in ("self", "break_glass") or (relation.kind, relation.purpose) in GRANT_MAY


def classes_of(relation: Relation, action: str) -> frozenset[str]:
    """This function will give the data classes with which this relation allows the action."""
    needed = RIGHT_FOR[action]
    if relation.kind == "self":
        return DATA_CLASSES if action in SELF_MAY else frozenset()
    if relation.kind == "break_glass":
        return DATA_CLASSES if action in GLASS_MAY else frozenset()
    possible = GRANT_MAY.get((relation.kind, relation.purpose), frozenset())
    return relation.classes & DATA_CLASSES if action in possible and needed in relation.rights else frozenset()


def grants_that_open(action: str | None) -> list[str]:
    """This function will list `kind:purpose` of the grants that can open the action (None: that open her existence)."""
    return sorted(f"{kind}:{purpose}" for (kind, purpose), may in GRANT_MAY.items() if action is None or action in may)


def rights_that_open(action: str | None) -> list[str]:
    """This function will list the rights of which a grant needs one for the action (None: any right at all)."""
    if action is None:
        return list(RIGHTS)
    needed = RIGHT_FOR[action]
    return [needed] if needed else []
