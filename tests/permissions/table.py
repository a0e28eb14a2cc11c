"""The permission table, written by hand from the promise and not from the code.

One line per method and address; one column per principal of tests/world.py. The thing addressed is always Ana's (or, for teams,
memberships and openings, her care team's). A number is the status that must come back. test_table.py walks every cell.

401 nobody we know    403 sees it (or is a device), but may not do this    404 for her there is no such thing
"""

from dataclasses import dataclass

COLUMNS = {
    "anon": "anonymous",
    "self": "patient_self",
    "othr": "other_patient",
    "care": "caregiver_with_consent",
    "cwdr": "caregiver_withdrawn",
    "doct": "doctor_in_team",
    "dels": "doctor_elsewhere",
    "drem": "doctor_removed",
    "nurs": "nurse_in_team",
    "prog": "programme_manager",
    "oper": "operator",
    "glas": "doctor_break_glass",
    "laps": "doctor_break_glass_lapsed",
    "t-wr": "token_write",
    "t-rd": "token_read",
    "t-rv": "token_revoked",
    "t-ot": "token_other_patient",
}

TABLE = """
method  address              anon self othr care cwdr doct dels drem nurs prog oper glas laps t-wr t-rd t-rv t-ot

GET     me                   401  200  200  200  200  200  200  200  200  200  200  200  200  403  403  401  403
GET     patients             401  200  200  200  200  200  200  200  200  200  200  200  200  403  403  401  403
GET     patient              401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403

GET     consent              401  200  404  403  404  403  404  404  403  404  404  403  404  403  403  401  403
POST    consent              401  201  404  403  404  403  404  404  403  404  404  403  404  403  403  401  403
POST    consent-withdraw     401  201  404  403  404  403  404  404  403  404  404  403  404  403  403  401  403

GET     tokens               401  200  404  403  404  403  404  404  403  404  404  403  404  403  403  401  403
POST    tokens               401  201  404  403  404  403  404  404  403  404  404  403  404  403  403  401  403
DELETE  token                401  204  404  403  404  403  404  404  403  404  404  403  404  403  403  401  403

GET     access-log           401  200  404  403  404  403  404  404  403  404  404  403  404  403  403  401  403

# Every clinician at work may break the glass, whoever's the patient; where the record is open already there is no need (409).
# Dr Park works nowhere since a moment ago.
POST    break-the-glass      401  403  404  403  404  409  201  404  409  404  404  409  201  403  403  401  403
# Mei, the nurse, leads the team that answers for Ana: the review is hers.
GET     break-glass          401  200  200  200  200  200  200  200  200  200  200  200  200  403  403  401  403
POST    break-glass-review   401  404  404  404  404  404  404  404  200  404  404  404  404  403  403  401  403

GET     teams                401  200  200  200  200  200  200  200  200  200  200  200  200  403  403  401  403
POST    on-duty              401  404  404  404  404  200  404  404  200  404  404  404  404  403  403  401  403
# The membership is Mei's, the lead's: she may leave, a colleague sees it and may not end it.
POST    membership-end       401  404  404  404  404  403  404  404  204  404  404  404  404  403  403  401  403

# Readings. Ana's devices do what they were made for: one writes, one reads; Ben's device knows no Ana.
POST    observations         401  201  404  403  404  201  404  404  201  404  404  403  404  201  403  401  404
POST    imports              401  201  404  403  404  201  404  404  201  404  404  403  404  201  403  401  404
POST    datapoints           401  201  404  403  404  201  404  404  201  404  404  403  404  201  403  401  404
# The file is the writing token's: it hears of it, and Ana; nobody else's business.
GET     import               401  200  404  403  404  404  404  404  404  404  404  403  404  200  403  401  404
GET     import-refused       401  200  404  403  404  404  404  404  404  404  404  403  404  200  403  401  404
# A table is whoever's who may write; the one that waits to be explained is the writing token's. What is known or confirmed waits its turn.
POST    tables               401  202  404  403  404  202  404  404  202  404  404  403  404  202  403  401  404
GET     import-mapping       401  200  404  403  404  404  404  404  404  404  404  403  404  200  403  401  404
POST    import-mapping       401  202  404  403  404  404  404  404  404  404  404  403  404  202  403  401  404
GET     origins              401  200  404  200  404  200  404  404  200  404  404  200  404  403  200  401  404
GET     kinds                401  200  200  200  200  200  200  200  200  200  200  200  200  200  200  401  200
GET     history              401  200  404  200  404  200  404  404  200  404  404  200  404  403  200  401  404
GET     datapoints           401  200  404  200  404  200  404  404  200  404  404  200  404  403  200  401  404
GET     observation          401  200  404  200  404  200  404  404  200  404  404  200  404  403  200  401  404
GET     why                  401  200  404  200  404  200  404  404  200  404  404  200  404  403  200  401  404
POST    observation-correct  401  200  404  403  404  200  404  404  200  404  404  403  404  403  403  401  403
POST    observation-remove   401  200  404  403  404  200  404  404  200  404  404  403  404  403  403  401  403

# The same in FHIR's words. To a device token a patient is an id; what is not served is nobody's (404), whoever asks.
GET     fhir-patient         401  200  404  200  404  200  404  404  200  404  404  200  404  403  200  401  404
GET     fhir-everything      401  200  404  200  404  200  404  404  200  404  404  200  404  403  200  401  404
GET     fhir-observations    401  200  404  200  404  200  404  404  200  404  404  200  404  403  200  401  404
GET     fhir-lastn           401  200  404  200  404  200  404  404  200  404  404  200  404  403  200  401  404
GET     fhir-observation     401  200  404  200  404  200  404  404  200  404  404  200  404  403  200  401  404
GET     fhir-device          401  200  404  200  404  200  404  404  200  404  404  200  404  403  200  401  404
POST    fhir-observations    401  201  404  403  404  201  404  404  201  404  404  403  404  201  403  401  404
POST    fhir-bundle          401  200  404  403  404  200  404  404  200  404  404  403  404  200  403  401  404
GET     fhir-flags           401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
GET     fhir-flag            401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
GET     fhir-issues          401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
GET     fhir-issue           401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
GET     fhir-risks           401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
GET     fhir-risk            401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
POST    fhir-search          401  200  404  200  404  200  404  404  200  404  404  200  404  403  200  401  404
# Consents and the log are her own affairs.
GET     fhir-consents        401  200  404  403  404  403  404  404  403  404  404  403  404  403  403  401  403
GET     fhir-consent         401  200  404  403  404  403  404  404  403  404  404  403  404  403  403  401  403
GET     fhir-events          401  200  404  403  404  403  404  404  403  404  404  403  404  403  403  401  403
GET     fhir-communications  401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
GET     fhir-communication   401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
GET     fhir-provenances     401  200  404  200  404  200  404  404  200  404  404  200  404  403  200  401  404
GET     fhir-provenance      401  200  404  200  404  200  404  404  200  404  404  200  404  403  200  401  404
# Asked of everybody's records, it is about those one may see. What came of it is the asking token's alone.
GET     fhir-export          401  202  202  202  202  202  202  202  202  202  202  202  202  403  202  401  202
GET     fhir-export-patients 401  202  202  202  202  202  202  202  202  202  202  202  202  403  202  401  202
GET     fhir-export-patient  401  202  404  202  404  202  404  404  202  404  404  202  404  403  202  401  404
GET     fhir-export-status   401  404  404  404  404  404  404  404  404  404  404  404  404  404  200  401  404
DELETE  fhir-export-status   401  404  404  404  404  404  404  404  404  404  404  404  404  404  202  401  404
GET     fhir-export-file     401  404  404  404  404  404  404  404  404  404  404  404  404  404  200  401  404
GET     fhir-plans           401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
GET     fhir-plan            401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
GET     fhir-goals           401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
GET     fhir-goal            401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
GET     fhir-questionnaires  401  200  404  200  404  200  404  404  200  404  404  200  404  403  200  401  404
POST    fhir-questionnaires  401  201  404  403  404  201  404  404  201  404  404  403  404  201  403  401  404
GET     fhir-questionnaire   401  200  404  200  404  200  404  404  200  404  404  200  404  403  200  401  404
# A subscription is whoever's asked for it; the one addressed is the reading token's.
GET     fhir-subscriptions   401  200  200  200  200  200  200  200  200  200  200  200  200  200  200  401  200
POST    fhir-subscriptions   401  201  404  201  404  201  404  404  201  404  404  201  404  403  201  401  404
GET     fhir-subscription    401  404  404  404  404  404  404  404  404  404  404  404  404  404  200  401  404
DELETE  fhir-subscription    401  404  404  404  404  404  404  404  404  404  404  404  404  404  204  401  404
GET     fhir-other           401  404  404  404  404  404  404  404  404  404  404  404  404  404  404  401  404
POST    fhir-other           401  404  404  404  404  404  404  404  404  404  404  404  404  404  404  401  404

# Alerts: whoever may act, acts; through the broken glass one only looks. A snooze is a matter of who is told.
GET     patient-alerts       401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
GET     alert                401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
POST    alert-acknowledge    401  200  404  200  404  200  404  404  200  404  404  403  404  403  403  401  403
POST    alert-hand-back      401  200  404  200  404  200  404  404  200  404  404  403  404  403  403  401  403
POST    alert-snooze         401  200  404  200  404  200  404  404  200  404  404  403  404  403  403  401  403
# Only Dr Lim has snoozed it.
POST    alert-unsnooze       401  409  404  409  404  200  404  404  409  404  404  403  404  403  403  401  403
POST    alert-note           401  200  404  200  404  200  404  404  200  404  404  403  404  403  403  401  403
POST    alert-resolve        401  200  404  200  404  200  404  404  200  404  404  403  404  403  403  401  403
GET     worklist-rows        401  200  200  200  200  200  200  200  200  200  200  200  200  403  403  401  403
# Whom it is not allowed for is told so patient by patient, in the answer.
POST    worklist-act         401  200  200  200  200  200  200  200  200  200  200  200  200  403  403  401  403
# Everyone keeps views of her own; the one addressed is Dr Lim's.
GET     views                401  200  200  200  200  200  200  200  200  200  200  200  200  403  403  401  403
POST    views                401  201  201  201  201  201  201  201  201  201  201  201  201  403  403  401  403
PATCH   view                 401  404  404  404  404  200  404  404  404  404  404  404  404  403  403  401  403
DELETE  view                 401  404  404  404  404  204  404  404  404  404  404  404  404  403  403  401  403
# Tags are words of an organisation about its patients: hers to see are those of where she works (an empty list for the others).
GET     tags                 401  200  200  200  200  200  200  200  200  200  200  200  200  403  403  401  403
GET     patient-tags         401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
POST    patient-tags         401  403  404  403  404  201  404  404  201  404  404  403  404  403  403  401  403
DELETE  patient-tag          401  403  404  403  404  204  404  404  204  404  404  403  404  403  403  401  403
POST    patient-reviews      401  403  404  403  404  201  404  404  201  404  404  403  404  403  403  401  403

# Care plans are written by her team; she and who looks after her read them and tick off tasks.
GET     care-plans           401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
POST    care-plans           401  403  404  403  404  201  404  404  201  404  404  403  404  403  403  401  403
GET     care-plan-proposal   401  403  404  403  404  200  404  404  200  404  404  403  404  403  403  401  403
GET     care-plan            401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
POST    care-plan-change     401  403  404  403  404  200  404  404  200  404  404  403  404  403  403  401  403
POST    care-plan-end        401  403  404  403  404  200  404  404  200  404  404  403  404  403  403  401  403
POST    care-plan-tasks      401  403  404  403  404  201  404  404  201  404  404  403  404  403  403  401  403
POST    care-task-done       401  200  404  200  404  200  404  404  200  404  404  403  404  403  403  401  403

# Limits and rules are the team's business; everyone who sees her may know by which rules she is watched.
GET     plan                 401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
GET     limits               401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
POST    limits               401  403  404  403  404  201  404  404  201  404  404  403  404  403  403  401  403
POST    limit-end            401  403  404  403  404  200  404  404  200  404  404  403  404  403  403  401  403
POST    rule-backtest        401  403  404  403  404  200  404  404  200  404  404  403  404  403  403  401  403
GET     team-rules           401  404  404  404  404  200  404  404  200  404  404  404  404  403  403  401  403
POST    team-rules           401  404  404  404  404  201  404  404  201  404  404  404  404  403  403  401  403

# What each was told herself, and how she wants to be told: everyone has her own, the ids are Ana's.
GET     notices              401  200  200  200  200  200  200  200  200  200  200  200  200  403  403  401  403
POST    notice-seen          401  200  404  404  404  404  404  404  404  404  404  404  404  403  403  401  403
GET     notice-attempts      401  200  404  404  404  404  404  404  404  404  404  404  404  403  403  401  403
GET     channels             401  200  200  200  200  200  200  200  200  200  200  200  200  403  403  401  403
POST    channels             401  201  201  201  201  201  201  201  201  201  201  201  201  403  403  401  403
# Ana's way is e-mail: nobody, she included, finds a webhook there.
POST    channel-secret       401  404  404  404  404  404  404  404  404  404  404  404  404  403  403  401  403
POST    channel-replay       401  404  404  404  404  404  404  404  404  404  404  404  404  403  403  401  403
DELETE  channel              401  204  404  404  404  404  404  404  404  404  404  404  404  403  403  401  403
GET     quiet-hours          401  200  200  200  200  200  200  200  200  200  200  200  200  403  403  401  403
PUT     quiet-hours          401  200  200  200  200  200  200  200  200  200  200  200  200  403  403  401  403

# Risk. What models and scores say of her is hers to read, and her people's; a new assessment is for those who act for her.
GET     patient-risk         401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
GET     assessments          401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
GET     patient-scores       401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
GET     forecasts            401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
POST    what-if              401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
POST    patient-assess       401  202  404  202  404  202  404  404  202  404  404  403  404  403  403  401  403
# A say in how she is judged, and what happened to her, is her clinicians'; through the broken glass one only looks.
POST    assessment-opinion   401  403  404  403  404  201  404  404  201  404  404  403  404  403  403  401  403
GET     outcomes             401  403  404  403  404  200  404  404  200  404  404  200  404  403  403  401  403
POST    outcomes             401  403  404  403  404  201  404  404  201  404  404  403  404  403  403  401  403
POST    outcome-withdraw     401  403  404  403  404  200  404  404  200  404  404  403  404  403  403  401  403
# Visits and calls are hers to read too; clinicians write, and correct what they wrote themselves (Dr Lim did).
GET     contacts             401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
POST    contacts             401  403  404  403  404  201  404  404  201  404  404  403  404  403  403  401  403
POST    contact-correct      401  403  404  403  404  201  404  404  403  404  404  403  404  403  403  401  403
# Medicines: who may write for her may change the list and say what was taken.
GET     medications          401  200  404  200  404  200  404  404  200  404  404  200  404  403  403  401  403
POST    medications          401  201  404  403  404  201  404  404  201  404  404  403  404  403  403  401  403
POST    medication-stop      401  200  404  403  404  200  404  404  200  404  404  403  404  403  403  401  403
POST    medication-intake    401  201  404  403  404  201  404  404  201  404  404  403  404  403  403  401  403
GET     risk-panel           401  200  200  200  200  200  200  200  200  200  200  200  200  403  403  401  403
POST    risk-panel-assess    401  403  404  403  404  202  404  404  202  404  404  403  404  403  403  401  403
# Models are nobody's secret; how they hold up is for the staff of clinics and hospitals. An operator (Omar), or a doctor who leads
# her team (Dr Osei; Mei leads hers as a nurse), decides which version speaks.
GET     risk-models          401  200  200  200  200  200  200  200  200  200  200  200  200  403  403  401  403
GET     risk-model-card      401  200  200  200  200  200  200  200  200  200  200  200  200  403  403  401  403
GET     risk-model-versions  401  403  403  403  403  200  200  403  200  403  200  200  200  403  403  401  403
GET     risk-model-watch     401  403  403  403  403  200  200  403  200  403  200  200  200  403  403  401  403
POST    risk-version-approve 401  403  403  403  403  403  200  403  403  403  200  403  403  403  403  401  403
POST    risk-version-refuse  401  403  403  403  403  403  200  403  403  403  200  403  403  403  403  401  403

# Nightscout: only tokens of the patient in the address come in; everybody else is a stranger, her doctor's session too.
GET     ns-status            401  401  401  401  401  401  401  401  401  401  401  401  401  200  200  401  401
GET     ns-adminnotifies     401  401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401
GET     ns-pebble            401  401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401
GET     ns-properties        401  401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401
GET     ns-ddata             401  401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401
GET     ns-summary           401  401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401
GET     ns-times             401  401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401
GET     ns-slice             401  401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401
GET     ns-count             401  401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401
GET     ns-profile-current   401  401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401
# Their tokens have not the right to acknowledge.
GET     ns-ack               401  401  401  401  401  401  401  401  401  401  401  401  401  401  401  401  401
# Always 200: it tells whether the secret is right, and about nobody.
GET     ns-verifyauth        200  200  200  200  200  200  200  200  200  200  200  200  200  200  200  200  200
# The secret stands in the path (Ana's reading device's), so the asker's own does not count.
GET     ns-bearer            200  200  200  200  200  200  200  200  200  200  200  200  200  200  200  200  200
GET     ns-entries           401  401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401
POST    ns-entries           401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401  401
PUT     ns-entries           401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401  401
GET     ns-treatments        401  401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401
POST    ns-treatments        401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401  401
PUT     ns-treatments        401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401  401
GET     ns-devicestatus      401  401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401
POST    ns-devicestatus      401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401  401
PUT     ns-devicestatus      401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401  401
GET     ns-profile           401  401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401
POST    ns-profile           401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401  401
PUT     ns-profile           401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401  401
GET     ns-food              401  401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401
POST    ns-food              401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401  401
GET     ns-entries-of        401  401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401
DELETE  ns-entries-of        401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401  401
GET     ns-one               401  401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401
DELETE  ns-one               401  401  401  401  401  401  401  401  401  401  401  401  401  200  401  401  401
GET     ns3-status           401  401  401  401  401  401  401  401  401  401  401  401  401  200  200  401  401
GET     ns3-last-modified    401  401  401  401  401  401  401  401  401  401  401  401  401  403  200  401  401
GET     ns3-collection       401  401  401  401  401  401  401  401  401  401  401  401  401  403  200  401  401
POST    ns3-collection       401  401  401  401  401  401  401  401  401  401  401  401  401  201  403  401  401
GET     ns3-history          401  401  401  401  401  401  401  401  401  401  401  401  401  403  200  401  401
GET     ns3-document         401  401  401  401  401  401  401  401  401  401  401  401  401  403  200  401  401
PUT     ns3-document         401  401  401  401  401  401  401  401  401  401  401  401  401  200  403  401  401
PATCH   ns3-document         401  401  401  401  401  401  401  401  401  401  401  401  401  200  403  401  401
DELETE  ns3-document         401  401  401  401  401  401  401  401  401  401  401  401  401  200  403  401  401
"""


@dataclass(frozen=True)
class Line:
    """One address and method, with the status each principal must get."""

    method: str
    name: str
    expected: dict[str, int]


def lines() -> list[Line]:
    """This function will read the table."""
    header, *rows = [row.split() for row in TABLE.splitlines() if row.strip() and not row.startswith("#")]
    columns = [COLUMNS[short] for short in header[2:]]
    read = []
    for method, name, *statuses in rows:
        assert len(statuses) == len(columns), f"{method} {name} has {len(statuses)} cells"
        read.append(Line(method, name, dict(zip(columns, map(int, statuses), strict=True))))
    return read
