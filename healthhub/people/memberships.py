"""Who works where: joining, leaving, removing, and who is on duty. Rights that follow from it end at once."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from healthhub.audit import log
from healthhub.lib.refused import Conflict, Invalid, NotAllowed, NotVisible
from healthhub.people.access import Viewer, bump_epochs, parsed_id
from healthhub.people.models import CLINICIANS, Membership, Organisation, Role, Team, User


def active(now: datetime) -> QuerySet[Membership]:
    """This function will give the memberships that hold at this moment."""
    return Membership.objects.filter(Q(until=None) | Q(until__gt=now), since__lte=now, user__is_active=True)


def clinicians_at(*, now: datetime, team_id: UUID | None = None, organisation_id: UUID | None = None) -> set[UUID]:
    """This function will give the user ids of the clinicians of a team, or of all teams of an organisation."""
    rows = active(now).filter(role__in=CLINICIANS)
    if team_id is not None:
        rows = rows.filter(team_id=team_id)
    if organisation_id is not None:
        rows = rows.filter(organisation_id=organisation_id)
    return set(rows.values_list("user_id", flat=True))


def is_clinician(viewer: Viewer, *, now: datetime) -> bool:
    """This function will tell whether this viewer works as a clinician anywhere at this moment."""
    return viewer.kind == "user" and active(now).filter(user_id=viewer.person, role__in=CLINICIANS).exists()


def memberships_of(viewer: Viewer, *, now: datetime) -> list[Membership]:
    """This function will give the viewer's own memberships, with their teams and organisations."""
    rows = active(now).filter(user_id=viewer.person).select_related("team", "organisation")
    return list(rows.order_by("organisation__name", "team__name", "id"))


def teams_of(viewer: Viewer, *, now: datetime) -> QuerySet[Team]:
    """This function will give the teams this viewer works in now."""
    mine = active(now).filter(user_id=viewer.person, team=OuterRef("pk"))
    return Team.objects.filter(Exists(mine)).select_related("organisation").order_by("name", "id")


def team_for(viewer: Viewer, team_id: UUID | str, *, now: datetime) -> Team:
    """This function will give a team the viewer works in; raises `NotVisible` for every other id."""
    team = teams_of(viewer, now=now).filter(id=parsed_id(team_id)).first()
    if team is None:
        raise NotVisible
    return team


def members_of(teams: Collection[Team], *, now: datetime) -> list[Membership]:
    """This function will give the active members of these teams, with their users."""
    return list(active(now).filter(team__in=teams).select_related("user").order_by("user__name", "id"))


def owes_second_factor(user: User, *, now: datetime) -> bool:
    """This function will tell whether this person must set up a second factor before she sees anyone. One SQL.

    Staff are all who have a membership; the deployment asks for it by STAFF_MFA_REQUIRED, or one organisation for its own.
    """
    asked = active(now).filter(user=user)
    if not settings.STAFF_MFA_REQUIRED:
        asked = asked.filter(organisation__requires_mfa=True)
    strong = _strong(user)
    is_staff = Q(is_staff=True) if settings.STAFF_MFA_REQUIRED else Q(pk=None)
    return User.objects.filter(Exists(asked) | is_staff, ~Exists(strong), id=user.id).exists()


def has_second_factor(user: User) -> bool:
    """This function will tell whether this person has set up a second factor (codes of an app, or a passkey)."""
    return _strong(user).exists()


def _strong(user: User) -> QuerySet[Authenticator]:
    found: QuerySet[Authenticator] = Authenticator.objects.filter(
        user=user, type__in=[Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    )
    return found


def join(
    *,
    user: User,
    organisation: Organisation,
    role: Role | str,
    by: Viewer | None,
    now: datetime,
    team: Team | None = None,
    on_duty: bool = False,
) -> Membership:
    """This function will make a person a member from now on. Raises `Conflict` when she is one already."""
    if role in CLINICIANS and team is None:
        raise Invalid("A doctor or nurse works in a team.", field="team")
    if team is not None and team.organisation_id != organisation.id:
        raise Invalid("This team belongs to another organisation.", field="team")
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(id=user.id)
        if active(now).filter(user=user, organisation=organisation, team=team).exists():
            raise Conflict("She is a member already.", code="already_member")
        membership = Membership.objects.create(user=user, organisation=organisation, team=team, role=role, since=now, on_duty=on_duty)
        log.record(by=by, did="membership.join", about=f"membership:{membership.id}", now=now, detail={"user": str(user.id), "role": role})
        bump_epochs(users=[user.id], patients=[])
    return membership


def membership_for(viewer: Viewer, membership_id: UUID | str, *, now: datetime) -> Membership:
    """This function will give an active membership that the viewer may end: her own, or one of a team she leads.

    Colleagues' memberships are seen but not hers to end (`NotAllowed`); all others are `NotVisible`.
    """
    known = Q(user_id=viewer.user_id) | Q(team__in=teams_of(viewer, now=now).order_by())
    membership = active(now).filter(known, id=parsed_id(membership_id)).select_related("team").first()
    if membership is None:
        raise NotVisible
    leads = membership.team is not None and membership.team.lead_id == viewer.user_id
    if membership.user_id != viewer.user_id and not leads:
        raise NotAllowed("Only she herself or the team's lead may end a membership.")
    return membership


def end(*, membership: Membership, by: Viewer | None, now: datetime) -> Membership:
    """This function will end a membership now, by leaving or removal; what followed from it is closed in the same moment.

    Raises `Conflict` when it has ended already, or when nobody of the team would be on duty.
    """
    with transaction.atomic():
        if membership.team_id:
            _lock_team(membership.team_id)
        current = active(now).select_for_update(of=("self",)).filter(id=membership.id).first()
        if current is None:
            raise Conflict("This membership has ended already.", code="already_ended")
        others = active(now).filter(team=current.team, on_duty=True).exclude(id=current.id)
        stay = active(now).filter(team=current.team).exclude(id=current.id)
        if current.on_duty and current.team_id and stay.exists() and not others.exists():
            raise Conflict("Hand over the duty first: nobody else of the team would be on duty.", code="last_on_duty")
        current.until, current.on_duty = now, False
        current.save(update_fields=["until", "on_duty"])
        log.record(by=by, did="membership.end", about=f"membership:{current.id}", now=now, detail={"user": str(current.user_id)})
        bump_epochs(users=[current.user_id], patients=[])
    return current


def hand_over(*, team: Team, to: Sequence[UUID], by: Viewer, now: datetime) -> list[UUID]:
    """This function will put exactly these members of the team on duty, from now on, and give them back.

    Raises `Invalid` (field `on_duty`) for nobody at all, or for someone who is no clinician of this team.
    """
    wanted = {*to}
    if not wanted:
        raise Invalid("Somebody must be on duty.", code="nobody_on_duty", field="on_duty")
    with transaction.atomic():
        _lock_team(team.id)
        members = active(now).filter(team=team, role__in=CLINICIANS)
        if not wanted.issubset(members.values_list("user_id", flat=True)):
            raise Invalid("Only doctors and nurses of this team can be on duty.", code="unknown_member", field="on_duty")
        Membership.objects.filter(team=team, until=None).exclude(user_id__in=wanted).update(on_duty=False)
        Membership.objects.filter(id__in=list(members.filter(user_id__in=wanted).values_list("id", flat=True))).update(on_duty=True)
        detail = {"on_duty": sorted(str(user_id) for user_id in wanted)}
        log.record(by=by, did="duty.hand_over", about=f"team:{team.id}", now=now, detail=detail)
    return sorted(wanted)


def _lock_team(team_id: UUID) -> None:
    # Two hand-overs, or a hand-over and a leaving, must not each count on the other.
    Team.objects.select_for_update(no_key=True).get(id=team_id)
