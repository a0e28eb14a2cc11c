"""Django's own admin, plain and locked down: for operators of the staff who signed in with a second factor, and for nobody else.

No table that speaks of a patient is registered, and only organisations and teams may be changed; everything else is to look at.
To all others there is no admin: 404, as for any address that never was.
"""

from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib.admin import AdminSite, ModelAdmin
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from healthhub.audit import log
from healthhub.audit.models import Check
from healthhub.people import access, memberships
from healthhub.people.models import Membership, Organisation, Role, Team, User
from monitoring.models import Beat
from notifications.models import Pulse
from risk.models import Version


class Site(AdminSite):
    """The one admin site."""

    site_header = site_title = _("HealthHub, inside")
    index_title = _("Organisations, teams, staff and the house itself")
    site_url = "/operations"

    def has_permission(self, request: HttpRequest) -> bool:
        """This function will let in whoever is staff, works as an operator now, and has a second factor."""
        user = request.user
        if not isinstance(user, User) or not user.is_staff:
            return False
        now = timezone.now()
        works = memberships.active(now).filter(user=user, role=Role.OPERATOR).exists()
        return works and memberships.has_second_factor(user)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """This function will send strangers to the one sign-in page; who is signed in already has no business here."""
        if request.user.is_authenticated:
            raise Http404
        back = {"next": request.GET.get("next") or request.get_full_path()}
        return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode(back)}")


class ToLookAt(ModelAdmin):  # type: ignore[type-arg] # of any model
    """Rows to look at: nothing may be added, changed or deleted."""

    actions = None
    list_per_page = 50

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ToChange(ToLookAt):
    """Rows that an operator may add and change; each change is written to the log in the same transaction."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return True

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        by = access.viewer_of(request.user)  # type: ignore[arg-type] # the site lets no others in
        about = f"{obj._meta.model_name}:{obj.pk}"
        log.record(by=by, did="admin.change", about=about, now=timezone.now(), detail={"fields": form.changed_data})


class Organisations(ToChange):
    list_display = ("name", "kind", "locale", "requires_mfa")
    list_filter = ("kind",)
    search_fields = ("name",)


class Teams(ToChange):
    list_display = ("name", "organisation")
    search_fields = ("name",)
    fields = ("organisation", "name", "lead")
    raw_id_fields: ClassVar = ["lead"]


class Staff(ToLookAt):
    """Only those who work here: an account without work may be a patient's."""

    list_display = ("name", "email", "is_active", "is_staff", "joined_at")
    search_fields = ("name", "email")
    fields = ("name", "email", "language", "time_zone", "is_active", "is_staff", "joined_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        works = Membership.objects.filter(user=OuterRef("pk"))
        return User.objects.filter(Q(is_staff=True) | Exists(works))


class Memberships(ToLookAt):
    list_display = ("user", "organisation", "team", "role", "since", "until", "on_duty")
    list_filter = ("role", "on_duty")
    list_select_related = ("user", "organisation", "team")


class Versions(ToLookAt):
    list_display = ("model", "version", "state", "released", "since", "marked_at")
    list_filter = ("model", "state")
    fields = ("model", "version", "state", "released", "since", "decided_by", "decided_at", "reason", "marked_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        return Version.objects.defer("files", "about")


class Checks(ToLookAt):
    list_display = ("asked_at", "ended_at", "chains", "rows", "unsealed", "trouble_count")


class Beats(ToLookAt):
    list_display = ("name", "at")


class Pulses(ToLookAt):
    list_display = ("name", "asked_at", "ran_at")


site = Site(name="admin")
site.register(Organisation, Organisations)
site.register(Team, Teams)
site.register(User, Staff)
site.register(Membership, Memberships)
site.register(Version, Versions)
site.register(Check, Checks)
site.register(Beat, Beats)
site.register(Pulse, Pulses)
