"""The alert's states and steps in one table; docs/alert-states.md is made from it, and a test compares the two."""

from healthhub.lib.refused import Conflict
from monitoring.models import AlertState as S

# (state, step) -> state after it. What is not here cannot happen.
TRANSITIONS: dict[tuple[str, str], str] = {
    (S.OPEN, "joined"): S.OPEN,
    (S.ACKNOWLEDGED, "joined"): S.ACKNOWLEDGED,
    (S.ESCALATED, "joined"): S.ESCALATED,
    (S.OPEN, "worsened"): S.OPEN,
    (S.ACKNOWLEDGED, "worsened"): S.OPEN,
    (S.ESCALATED, "worsened"): S.ESCALATED,
    (S.OPEN, "acknowledged"): S.ACKNOWLEDGED,
    (S.ESCALATED, "acknowledged"): S.ACKNOWLEDGED,
    (S.ACKNOWLEDGED, "acknowledged"): S.ACKNOWLEDGED,
    (S.ACKNOWLEDGED, "handed_back"): S.OPEN,
    (S.ACKNOWLEDGED, "came_back"): S.OPEN,
    (S.OPEN, "escalated"): S.ESCALATED,
    (S.ESCALATED, "escalated"): S.ESCALATED,
    (S.OPEN, "noted"): S.OPEN,
    (S.ACKNOWLEDGED, "noted"): S.ACKNOWLEDGED,
    (S.ESCALATED, "noted"): S.ESCALATED,
    (S.OPEN, "snoozed"): S.OPEN,
    (S.ACKNOWLEDGED, "snoozed"): S.ACKNOWLEDGED,
    (S.ESCALATED, "snoozed"): S.ESCALATED,
    (S.OPEN, "unsnoozed"): S.OPEN,
    (S.ACKNOWLEDGED, "unsnoozed"): S.ACKNOWLEDGED,
    (S.ESCALATED, "unsnoozed"): S.ESCALATED,
    (S.OPEN, "resolved"): S.RESOLVED,
    (S.ACKNOWLEDGED, "resolved"): S.RESOLVED,
    (S.ESCALATED, "resolved"): S.RESOLVED,
    (S.OPEN, "cleared"): S.CLEARED,
    (S.ACKNOWLEDGED, "cleared"): S.CLEARED,
    (S.ESCALATED, "cleared"): S.CLEARED,
}

OUTCOMES = ("acted", "contacted", "referred", "no_action_needed", "false_alarm", "duplicate")
CONFIRMING = ("acted", "referred")  # something was wrong indeed: what models may learn from


def after(state: str, step: str) -> str:
    """This function will give the state after a step. Raises Conflict (`wrong_state`) where the step cannot be taken."""
    try:
        return TRANSITIONS[state, step]
    except KeyError:
        raise Conflict("The alert is closed or in a state in which this cannot be done.", code="wrong_state", state=state) from None


def diagram() -> str:
    """This function will draw the table as a Mermaid state diagram, self-loops in one line each."""
    lines = ["stateDiagram-v2", "    [*] --> open: opened"]
    for (state, step), to in TRANSITIONS.items():
        lines.append(f"    {state} --> {to}: {step}")
    return "\n".join([*lines, "    resolved --> [*]", "    cleared --> [*]"]) + "\n"
