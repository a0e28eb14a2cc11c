"""Every page. Health first: it must not depend on anything below."""

from django.urls import path

from healthhub.web import account, burden, chart, desk, health, home, limits, log, operations, people, worklist
from healthhub.web.trends import views as trends

urlpatterns = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("settings", account.settings_page, name="settings"),
    path("preferences", account.preferences, name="preferences"),
    path("", home.first, name="first"),
    path("people", people.people, name="people"),
    path("people/list", people.people_part, name="people_list"),
    path("people/<uuid:patient_id>/alerts/<uuid:alert_id>/<slug:step>", people.act, name="people_act"),
    path("people/<uuid:patient_id>", home.home, name="home"),
    path("people/<uuid:patient_id>/state", home.state_part, name="home_state"),
    path("people/<uuid:patient_id>/values", home.values_part, name="home_values"),
    path("people/<uuid:patient_id>/log", log.choose, name="log"),
    path("people/<uuid:patient_id>/log/<slug:what>", log.log, name="log_kind"),
    path("people/<uuid:patient_id>/trends", trends.trends, name="trends"),
    path("people/<uuid:patient_id>/trends/<slug:kind>", trends.trend, name="trend"),
    path("people/<uuid:patient_id>/trends/<slug:kind>/part", trends.trend_part, name="trend_part"),
    path("people/<uuid:patient_id>/trends/<slug:kind>/data", trends.trend_data, name="trend_data"),
    path("worklist", worklist.worklist, name="worklist"),
    path("worklist/<uuid:patient_id>", worklist.row_part, name="work_row"),
    path("worklist/<uuid:patient_id>/mark", desk.mark, name="work_mark"),
    path("worklist/bulk", desk.bulk, name="work_bulk"),
    path("worklist/views", desk.save_view, name="work_views"),
    path("worklist/views/<uuid:view_id>", desk.change_view, name="work_view"),
    path("alerts/<uuid:alert_id>/<slug:step>", worklist.act, name="alert_act"),
    path("patients/<uuid:patient_id>", chart.chart, name="chart"),
    path("patients/<uuid:patient_id>/alerts", chart.alerts_part, name="chart_alerts"),
    path("patients/<uuid:patient_id>/trend", chart.trend_part, name="chart_trend"),
    path("patients/<uuid:patient_id>/limits", limits.edit, name="limits_edit"),
    path("patients/<uuid:patient_id>/limits/<uuid:limit_id>/end", limits.end, name="limit_back"),
    path("rules", burden.rules, name="rules"),
    path("burden", burden.burden, name="burden"),
    path("burden/suggestion", burden.suggestion, name="burden_suggestion"),
    path("programme", account.programme, name="programme"),
    path("operations", operations.operations, name="operations"),
    path("operations/part", operations.operations_part, name="operations_part"),
    path("operations/verify", operations.verify, name="operations_verify"),
    path("operations/notices/<uuid:notice_id>/again", operations.try_again, name="operations_try_again"),
]
