"""Every page. Health first: it must not depend on anything below."""

from django.urls import path

from healthhub.web import account, chart, health, home, log, worklist
from healthhub.web.patient import body, contacts, course, glass, plan, risk, summary

urlpatterns = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("settings", account.settings_page, name="settings"),
    path("preferences", account.preferences, name="preferences"),
    path("", home.first, name="first"),
    path("people", account.people, name="people"),
    path("people/list", account.people_part, name="people_list"),
    path("people/<uuid:patient_id>", home.home, name="home"),
    path("people/<uuid:patient_id>/state", home.state_part, name="home_state"),
    path("people/<uuid:patient_id>/values", home.values_part, name="home_values"),
    path("people/<uuid:patient_id>/log", log.choose, name="log"),
    path("people/<uuid:patient_id>/log/<slug:what>", log.log, name="log_kind"),
    path("worklist", worklist.worklist, name="worklist"),
    path("worklist/<uuid:patient_id>", worklist.row_part, name="work_row"),
    path("alerts/<uuid:alert_id>/<slug:step>", worklist.act, name="alert_act"),
    path("patients/<uuid:patient_id>", chart.chart, name="chart"),
    path("patients/<uuid:patient_id>/alerts", chart.alerts_part, name="chart_alerts"),
    path("patients/<uuid:patient_id>/trend", chart.trend_part, name="chart_trend"),
    path("patients/<uuid:patient_id>/still", chart.still, name="chart_still"),
    path("patients/<uuid:patient_id>/timeline", course.timeline, name="chart_course"),
    path("patients/<uuid:patient_id>/risk", risk.risk, name="chart_risk"),
    path("patients/<uuid:patient_id>/risk/models", risk.models_part, name="chart_models"),
    path("patients/<uuid:patient_id>/risk/again", risk.again, name="chart_again"),
    path("patients/<uuid:patient_id>/risk/scores", risk.scores_part, name="chart_scores"),
    path("patients/<uuid:patient_id>/risk/forecasts", risk.forecasts_part, name="chart_forecasts"),
    path("patients/<uuid:patient_id>/risk/<slug:model>/what-if", risk.what_if, name="chart_what_if"),
    path("patients/<uuid:patient_id>/assessments/<uuid:assessment_id>", risk.opinion, name="chart_opinion"),
    path("patients/<uuid:patient_id>/pressure", body.pressure, name="chart_pressure"),
    path("patients/<uuid:patient_id>/glucose", body.glucose, name="chart_glucose"),
    path("patients/<uuid:patient_id>/heart", body.heart, name="chart_heart"),
    path("patients/<uuid:patient_id>/plan", plan.plan, name="chart_plan"),
    path("patients/<uuid:patient_id>/history", plan.history, name="chart_history"),
    path("patients/<uuid:patient_id>/contacts", contacts.write, name="chart_contacts"),
    path("patients/<uuid:patient_id>/contacts/<uuid:contact_id>", contacts.correct, name="chart_contact"),
    path("patients/<uuid:patient_id>/summary", summary.summary, name="chart_summary"),
    path("patients/<uuid:patient_id>/emergency", glass.emergency, name="chart_glass"),
    path("programme", account.programme, name="programme"),
    path("operations", account.operations, name="operations"),
]
