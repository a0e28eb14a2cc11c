"""Which pages a person comes for. What she may see on them is never decided here, but by `access` at every read."""

from datetime import datetime

from healthhub.people import access
from healthhub.people.access import Viewer
from healthhub.people.memberships import memberships_of
from healthhub.people.models import CLINICIANS, Patient, Role
from healthhub.people.panel import panel_of


def own_patient(viewer: Viewer, *, now: datetime) -> Patient | None:
    """This function will give the viewer's own record, None where she is nobody's patient."""
    return access.patients_visible_to(viewer, now=now).filter(user_id=viewer.person).select_related("team").first()


def roles_of(viewer: Viewer, *, own: Patient | None, now: datetime) -> frozenset[str]:
    """This function will name what a person is here: patient (of the record `own`), caregiver, clinician, ..., or nobody."""
    works_as = {membership.role for membership in memberships_of(viewer, now=now)}
    roles = {str(role) for role in (Role.PROGRAMME_MANAGER, Role.OPERATOR) if role in works_as}
    if works_as & CLINICIANS:
        roles.add("clinician")
    elif panel_of(viewer, now=now):
        roles.add("caregiver")
    if own is not None:
        roles.add("patient")
    return frozenset(roles or {"nobody"})
