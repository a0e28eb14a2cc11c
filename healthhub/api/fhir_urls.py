"""Every address under /fhir/R4/."""

from django.urls import URLPattern, path

from healthhub.api import fhir, fhir_affairs, fhir_bulk, fhir_findings, fhir_plans, fhir_posted, fhir_questionnaires, fhir_subscriptions

urlpatterns: list[URLPattern] = [
    path("", fhir.Bundles.as_view(), name="fhir-bundle"),
    path("metadata", fhir.Metadata.as_view(), name="fhir-metadata"),
    path("<str:type_>/_search", fhir_posted.Search.as_view(), name="fhir-search"),
    path("$export", fhir_bulk.Export.as_view(), name="fhir-export"),
    path("Patient/$export", fhir_bulk.Export.as_view(), name="fhir-export-patients"),
    path("Patient/<str:patient_id>/$export", fhir_bulk.Export.as_view(), name="fhir-export-patient"),
    path("$export-status/<str:export_id>", fhir_bulk.Status.as_view(), name="fhir-export-status"),
    path("$export-file/<str:export_id>/<str:type_>.ndjson", fhir_bulk.File.as_view(), name="fhir-export-file"),
    path("Patient/<str:patient_id>/$everything", fhir.Everything.as_view(), name="fhir-everything"),
    path("Patient/<str:patient_id>", fhir.OnePatient.as_view(), name="fhir-patient"),
    path("Observation", fhir.Observations.as_view(), name="fhir-observations"),
    path("Observation/$lastn", fhir.LastN.as_view(), name="fhir-lastn"),
    path("Observation/<str:patient_id>-<str:seq>", fhir.OneObservation.as_view(), name="fhir-observation"),
    path("Device/<str:patient_id>-<str:number>", fhir.OneDevice.as_view(), name="fhir-device"),
    path("Flag", fhir_findings.Flags.as_view(), name="fhir-flags"),
    path("Flag/<str:resource_id>", fhir_findings.OneFlag.as_view(), name="fhir-flag"),
    path("DetectedIssue", fhir_findings.DetectedIssues.as_view(), name="fhir-issues"),
    path("DetectedIssue/<str:resource_id>", fhir_findings.OneDetectedIssue.as_view(), name="fhir-issue"),
    path("RiskAssessment", fhir_findings.RiskAssessments.as_view(), name="fhir-risks"),
    path("RiskAssessment/<str:resource_id>", fhir_findings.OneRiskAssessment.as_view(), name="fhir-risk"),
    path("Consent", fhir_affairs.Consents.as_view(), name="fhir-consents"),
    path("Consent/<str:resource_id>", fhir_affairs.OneConsent.as_view(), name="fhir-consent"),
    path("AuditEvent", fhir_affairs.AuditEvents.as_view(), name="fhir-events"),
    path("Communication", fhir_affairs.Communications.as_view(), name="fhir-communications"),
    path("Communication/<str:resource_id>", fhir_affairs.OneCommunication.as_view(), name="fhir-communication"),
    path("Provenance", fhir_affairs.Provenances.as_view(), name="fhir-provenances"),
    path("Provenance/<str:patient_id>-<str:number>", fhir_affairs.OneProvenance.as_view(), name="fhir-provenance"),
    path("CarePlan", fhir_plans.CarePlans.as_view(), name="fhir-plans"),
    path("CarePlan/<str:resource_id>", fhir_plans.OneCarePlan.as_view(), name="fhir-plan"),
    path("Goal", fhir_plans.Goals.as_view(), name="fhir-goals"),
    path("Goal/<str:plan_id>-<str:number>", fhir_plans.OneGoal.as_view(), name="fhir-goal"),
    path("QuestionnaireResponse", fhir_questionnaires.QuestionnaireResponses.as_view(), name="fhir-questionnaires"),
    path(
        "QuestionnaireResponse/<str:patient_id>-<str:seq>",
        fhir_questionnaires.OneQuestionnaireResponse.as_view(),
        name="fhir-questionnaire",
    ),
    path("Subscription", fhir_subscriptions.Subscriptions.as_view(), name="fhir-subscriptions"),
    path("Subscription/<str:resource_id>", fhir_subscriptions.OneSubscription.as_view(), name="fhir-subscription"),
    path("<path:rest>", fhir.Other.as_view(), name="fhir-other"),
]
