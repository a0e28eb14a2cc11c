"""The permission table of the pages, written by hand from the promise and not from the code; same columns as table.py.

One line per method and address of healthhub.web.urls; the thing addressed is always Ana's. A number is the status that must come
back; `in` is a redirect to the sign-in page. A device's token opens the API and no page: with it one is a stranger here.

in  nobody we know: to the sign-in page    302  done, or led on    403  not for this role, or sees her, but may not do this
404  for her there is no such thing
"""

from dataclasses import dataclass

from tests.permissions.table import COLUMNS

TABLE = """
method  address                 anon self othr care cwdr doct dels drem nurs prog oper glas laps t-wr t-rd t-rv t-ot

# Everybody's own: what it shows is about who asks. Whoever has nothing to do here gets a page that says so (first).
GET     first                     in  200  200  302  200  302  302  200  302  302  302  302  302   in   in   in   in
GET     settings                  in  200  200  200  200  200  200  200  200  200  200  200  200   in   in   in   in
GET     told                      in  200  200  200  200  200  200  200  200  200  200  200  200   in   in   in   in
POST    told_add                  in  302  302  302  302  302  302  302  302  302  302  302  302   in   in   in   in
POST    told_quiet                in  302  302  302  302  302  302  302  302  302  302  302  302   in   in   in   in
POST    told_test                 in  302  302  302  302  302  302  302  302  302  302  302  302   in   in   in   in
# An app asks who is signed in; what it gets is hers to give. The app allowed already is Ana's.
GET     app_authorise             in  200  200  200  200  200  200  200  200  200  200  200  200   in   in   in   in
POST    app_authorise             in  302  302  302  302  302  302  302  302  302  302  302  302   in   in   in   in
GET     apps_allowed              in  200  200  200  200  200  200  200  200  200  200  200  200   in   in   in   in
POST    app_end                   in  302  404  404  404  404  404  404  404  404  404  404  404   in   in   in   in
# The way to be told is Ana's.
POST    told_remove               in  302  404  404  404  404  404  404  404  404  404  404  404   in   in   in   in
# Before signing in one may already choose language and type size, and the page's own question "am I still signed in?" is anybody's.
POST    preferences              302  302  302  302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET     session                  200  200  200  200  200  200  200  200  200  200  200  200  200  200  200  200  200
POST    session                  200  200  200  200  200  200  200  200  200  200  200  200  200  200  200  200  200
# Patients', and of those who look after them with a consent: caregivers read and act, and write only where that was agreed (not Cleo).
GET     log_own                   in  302  302  403  403  403  403  403  403  403  403  403  403   in   in   in   in
GET     people                    in  403  403  200  403  403  403  403  403  403  403  403  403   in   in   in   in
GET     people_list               in  403  403  200  403  403  403  403  403  403  403  403  403   in   in   in   in
POST    people_act                in  403  403  302  403  403  403  403  403  403  403  403  403   in   in   in   in
GET     home                      in  200  404  200  403  403  403  403  403  403  403  403  403   in   in   in   in
GET     home_state                in  200  404  200  403  403  403  403  403  403  403  403  403   in   in   in   in
GET     home_values               in  200  404  200  403  403  403  403  403  403  403  403  403   in   in   in   in
GET     home_tasks                in  200  404  200  403  403  403  403  403  403  403  403  403   in   in   in   in
GET     pad                       in  200  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
GET     log                       in  200  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
GET     log_kind                  in  200  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
POST    log_kind                  in  200  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
# No reader is switched on: what was dictated is understood by nobody, and said so.
POST    heard                     in  422  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
POST    log_undo                  in  302  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
GET     act                       in  200  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
POST    act                       in  200  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
GET     medicines                 in  200  404  200  403  403  403  403  403  403  403  403  403   in   in   in   in
POST    medicines                 in  302  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
POST    medication_stop           in  302  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
POST    medication_said           in  302  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
# Her own affairs: nobody else's business, whoever looks after her. The copy is still being made, nothing is to be erased (409).
GET     my_data                   in  200  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
GET     my_log                    in  200  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
GET     sharing                   in  200  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
GET     devices                   in  200  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
GET     export                    in  200  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
GET     erase                     in  200  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
POST    sharing                   in  302  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
POST    sharing_end               in  302  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
POST    sharing_again             in  302  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
POST    devices                   in  200  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
POST    device_revoke             in  302  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
# No maker is set up here, and Ana is connected to none: nothing to be led to, nothing to end, nothing that was asked for (400).
GET     sources                   in  200  404  200  403  403  403  403  403  403  403  403  403   in   in   in   in
GET     connections               in  200  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
GET     connection_make           in  404  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
POST    connection_end            in  404  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
GET     connection_back           in  400  400  403  403  403  403  403  403  403  403  403  403   in   in   in   in
POST    export                    in  302  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
POST    erase                     in  302  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
POST    erase_keep                in  409  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
# Without a file there is nothing to send (422); what was not kept of a file is a table.
GET     my_imports                in  200  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
POST    my_imports                in  422  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
GET     my_import_refused         in  200  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
# A table that waits for her word: complete it is taken in, and it can be thrown away.
GET     my_import_mapping         in  200  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
POST    my_import_mapping         in  302  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
POST    my_import_discard         in  302  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
GET     export_file               in  409  404  403  403  403  403  403  403  403  403  403  403   in   in   in   in
# Curves are for whoever may read. A whole report in hand is for her and her clinicians.
GET     trends                    in  200  404  200  403  200  404  403  200  403  403  200  404   in   in   in   in
GET     trend                     in  200  404  200  403  200  404  403  200  403  403  200  404   in   in   in   in
GET     trend_part                in  200  404  200  403  200  404  403  200  403  403  200  404   in   in   in   in
GET     trend_data                in  200  404  200  403  200  404  403  200  403  403  200  404   in   in   in   in
GET     report_choose             in  200  404  403  403  200  404  403  200  403  403  200  404   in   in   in   in
GET     report                    in  200  404  403  403  200  404  403  200  403  403  200  404   in   in   in   in
# Clinicians at work: their list is empty where nobody is theirs; what they do for many at once is answered patient by patient.
GET     worklist                  in  403  403  403  403  200  200  403  200  403  403  200  200   in   in   in   in
POST    work_bulk                 in  403  403  403  403  200  200  403  200  403  403  200  200   in   in   in   in
POST    work_views                in  403  403  403  403  302  302  403  302  403  403  302  302   in   in   in   in
# The view is Dr Lim's.
POST    work_view                 in  403  403  403  403  302  404  403  404  403  403  404  404   in   in   in   in
GET     work_row                  in  403  403  403  403  200  404  403  200  403  403  200  404   in   in   in   in
POST    work_mark                 in  403  403  403  403  302  404  403  302  403  403  403  404   in   in   in   in
POST    alert_act                 in  403  403  403  403  200  404  403  200  403  403  403  404   in   in   in   in
# One patient for clinicians: through the broken glass one only looks.
GET     chart                     in  403  403  403  403  200  404  403  200  403  403  200  404   in   in   in   in
GET     chart_alerts              in  403  403  403  403  200  404  403  200  403  403  200  404   in   in   in   in
GET     chart_trend               in  403  403  403  403  200  404  403  200  403  403  200  404   in   in   in   in
GET     chart_still               in  403  403  403  403  204  404  403  204  403  403  204  404   in   in   in   in
GET     chart_course              in  403  403  403  403  200  404  403  200  403  403  200  404   in   in   in   in
GET     chart_risk                in  403  403  403  403  200  404  403  200  403  403  200  404   in   in   in   in
GET     chart_models              in  403  403  403  403  200  404  403  200  403  403  200  404   in   in   in   in
GET     chart_scores              in  403  403  403  403  200  404  403  200  403  403  200  404   in   in   in   in
GET     chart_forecasts           in  403  403  403  403  200  404  403  200  403  403  200  404   in   in   in   in
GET     chart_what_if             in  403  403  403  403  200  404  403  200  403  403  200  404   in   in   in   in
GET     chart_pressure            in  403  403  403  403  200  404  403  200  403  403  200  404   in   in   in   in
GET     chart_glucose             in  403  403  403  403  200  404  403  200  403  403  200  404   in   in   in   in
GET     chart_heart               in  403  403  403  403  200  404  403  200  403  403  200  404   in   in   in   in
GET     chart_plan                in  403  403  403  403  200  404  403  200  403  403  200  404   in   in   in   in
GET     chart_sources             in  403  403  403  403  200  404  403  200  403  403  200  404   in   in   in   in
GET     chart_history             in  403  403  403  403  200  404  403  200  403  403  200  404   in   in   in   in
GET     chart_summary             in  403  403  403  403  200  404  403  200  403  403  200  404   in   in   in   in
GET     limits_edit               in  403  403  403  403  200  404  403  200  403  403  200  404   in   in   in   in
POST    chart_what_if             in  403  403  403  403  200  404  403  200  403  403  200  404   in   in   in   in
POST    chart_again               in  403  403  403  403  302  404  403  302  403  403  403  404   in   in   in   in
POST    chart_opinion             in  403  403  403  403  302  404  403  302  403  403  403  404   in   in   in   in
POST    chart_contacts            in  403  403  403  403  302  404  403  302  403  403  403  404   in   in   in   in
# The words to correct are Dr Lim's own.
GET     chart_contact             in  403  403  403  403  200  404  403  403  403  403  403  404   in   in   in   in
POST    limits_edit               in  403  403  403  403  302  404  403  302  403  403  403  404   in   in   in   in
POST    limit_back                in  403  403  403  403  302  404  403  302  403  403  403  404   in   in   in   in
# Every clinician at work may break the glass; where the record is open already she is led to it.
GET     chart_glass               in  403  403  403  403  200  200  403  200  403  403  200  200   in   in   in   in
POST    chart_glass               in  403  403  403  403  302  302  403  302  403  403  302  302   in   in   in   in
GET     rules                     in  403  403  403  403  200  200  403  200  403  403  200  200   in   in   in   in
GET     burden                    in  403  403  403  403  200  200  403  200  403  403  200  200   in   in   in   in
GET     month_choose              in  403  403  403  403  200  200  403  200  403  403  200  200   in   in   in   in
GET     month_report              in  403  403  403  403  200  200  403  200  403  403  200  200   in   in   in   in
GET     burden_suggestion         in  403  403  403  403  200  200  403  200  403  403  200  200   in   in   in   in
# Models are for clinicians and operators; an operator, or a doctor who leads her team (Dr Osei), decides.
GET     models                    in  403  403  403  403  200  200  403  200  403  200  200  200   in   in   in   in
GET     model                     in  403  403  403  403  200  200  403  200  403  200  200  200   in   in   in   in
POST    model_decide              in  403  403  403  403  403  302  403  403  403  302  403  403   in   in   in   in
# The notice was not given up: there is nothing to try again (409).
GET     operations                in  403  403  403  403  403  403  403  403  403  200  403  403   in   in   in   in
GET     operations_part           in  403  403  403  403  403  403  403  403  403  200  403  403   in   in   in   in
POST    operations_verify         in  403  403  403  403  403  403  403  403  403  302  403  403   in   in   in   in
POST    operations_try_again      in  403  403  403  403  403  403  403  403  403  409  403  403   in   in   in   in
GET     programme                 in  403  403  403  403  403  403  403  403  200  403  403  403   in   in   in   in
# Sign-in and its neighbours, by the names allauth gives them: whoever is in already is led on; her second factors and sessions are hers.
GET     account_login            200  302  302  302  302  302  302  302  302  302  302  302  302  200  200  200  200
GET     account_signup           200  302  302  302  302  302  302  302  302  302  302  302  302  200  200  200  200
GET     account_reset_password   200  200  200  200  200  200  200  200  200  200  200  200  200  200  200  200  200
GET     account_logout           302  200  200  200  200  200  200  200  200  200  200  200  200  302  302  302  302
GET     mfa_index                 in  200  200  200  200  200  200  200  200  200  200  200  200   in   in   in   in
GET     usersessions_list         in  200  200  200  200  200  200  200  200  200  200  200  200   in   in   in   in
GET     account_email             in  200  200  200  200  200  200  200  200  200  200  200  200   in   in   in   in
GET     account_change_password   in  200  200  200  200  200  200  200  200  200  200  200  200   in   in   in   in
# The plain admin is for operators of the house's staff with a second factor; for everybody else there is none.
GET     admin:index              302  302  302  302  302  302  302  302  302  302  302  302  302  302  302  302  302
"""


@dataclass(frozen=True)
class PageLine:
    """One address and method, with what each principal must get."""

    method: str
    name: str
    expected: dict[str, str]


def page_lines() -> list[PageLine]:
    """This function will read the table."""
    header, *rows = [row.split() for row in TABLE.splitlines() if row.strip() and not row.startswith("#")]
    columns = [COLUMNS[short] for short in header[2:]]
    read = []
    for method, name, *statuses in rows:
        assert len(statuses) == len(columns), f"{method} {name} has {len(statuses)} cells"
        read.append(PageLine(method, name, dict(zip(columns, statuses, strict=True))))
    return read
