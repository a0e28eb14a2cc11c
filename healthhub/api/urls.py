"""Every address of the API, version 1."""

from django.urls import URLPattern, path
from drf_spectacular.views import SpectacularAPIView

from healthhub.api import alerts, audit, breakglass, consent, observations, people, rules, tokens

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
    path("v1/observations", observations.Observations.as_view(), name="observations"),
    path("v1/kinds", observations.Kinds.as_view(), name="kinds"),
    path("v1/patients/<str:patient_id>/observations", observations.History.as_view(), name="history"),
    path("v1/patients/<str:patient_id>/observations/<str:seq>", observations.OneObservation.as_view(), name="observation"),
    path("v1/patients/<str:patient_id>/observations/<str:seq>/correct", observations.Correct.as_view(), name="observation-correct"),
    path("v1/patients/<str:patient_id>/observations/<str:seq>/remove", observations.Remove.as_view(), name="observation-remove"),
    path("v1/patients/<str:patient_id>/why", observations.Why.as_view(), name="why"),
    path("v1/patients/<str:patient_id>/alerts", alerts.PatientAlerts.as_view(), name="patient-alerts"),
    path("v1/patients/<str:patient_id>/plan", rules.PlanView.as_view(), name="plan"),
    path("v1/patients/<str:patient_id>/limits", rules.Limits.as_view(), name="limits"),
    path("v1/limits/<str:limit_id>/end", rules.EndLimit.as_view(), name="limit-end"),
    path("v1/alerts/<str:alert_id>", alerts.OneAlert.as_view(), name="alert"),
    path("v1/alerts/<str:alert_id>/acknowledge", alerts.Acknowledge.as_view(), name="alert-acknowledge"),
    path("v1/alerts/<str:alert_id>/hand-back", alerts.HandBack.as_view(), name="alert-hand-back"),
    path("v1/alerts/<str:alert_id>/snooze", alerts.Snooze.as_view(), name="alert-snooze"),
    path("v1/alerts/<str:alert_id>/unsnooze", alerts.Unsnooze.as_view(), name="alert-unsnooze"),
    path("v1/alerts/<str:alert_id>/note", alerts.Note.as_view(), name="alert-note"),
    path("v1/alerts/<str:alert_id>/resolve", alerts.Resolve.as_view(), name="alert-resolve"),
    path("v1/worklist", alerts.WorklistView.as_view(), name="worklist"),
    path("v1/rules/backtest", rules.Backtest.as_view(), name="rule-backtest"),
    path("v1/teams/<str:team_id>/rules", rules.TeamRules.as_view(), name="team-rules"),
]
