"""Every address of the API, version 1."""

from django.urls import URLPattern, path
from drf_spectacular.views import SpectacularAPIView

from healthhub.api import audit, breakglass, consent, people, tokens

urlpatterns: list[URLPattern] = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("v1/me", people.Me.as_view(), name="me"),
    path("v1/patients", people.Patients.as_view(), name="patients"),
    path("v1/patients/<str:patient_id>", people.OnePatient.as_view(), name="patient"),
    path("v1/patients/<str:patient_id>/consent", consent.Consent.as_view(), name="consent"),
    path("v1/patients/<str:patient_id>/tokens", tokens.Tokens.as_view(), name="tokens"),
    path("v1/patients/<str:patient_id>/access-log", audit.AccessLog.as_view(), name="access-log"),
    path("v1/patients/<str:patient_id>/break-glass", breakglass.BreakTheGlass.as_view(), name="break-the-glass"),
    path("v1/consent/<str:entry_id>/withdraw", consent.Withdraw.as_view(), name="consent-withdraw"),
    path("v1/tokens/<str:token_id>", tokens.OneToken.as_view(), name="token"),
    path("v1/break-glass", breakglass.Openings.as_view(), name="break-glass"),
    path("v1/break-glass/<str:opening_id>/review", breakglass.Review.as_view(), name="break-glass-review"),
    path("v1/teams", people.Teams.as_view(), name="teams"),
    path("v1/teams/<str:team_id>/on-duty", people.OnDuty.as_view(), name="on-duty"),
    path("v1/memberships/<str:membership_id>/end", people.EndMembership.as_view(), name="membership-end"),
]
