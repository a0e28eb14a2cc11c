"""Every address under /fhir/R4/."""

from django.urls import URLPattern, path

from healthhub.api import fhir

urlpatterns: list[URLPattern] = [
    path("", fhir.Bundles.as_view(), name="fhir-bundle"),
    path("metadata", fhir.Metadata.as_view(), name="fhir-metadata"),
    path("Patient/<str:patient_id>/$everything", fhir.Everything.as_view(), name="fhir-everything"),
    path("Patient/<str:patient_id>", fhir.OnePatient.as_view(), name="fhir-patient"),
    path("Observation", fhir.Observations.as_view(), name="fhir-observations"),
    path("Observation/$lastn", fhir.LastN.as_view(), name="fhir-lastn"),
    path("Observation/<str:patient_id>-<str:seq>", fhir.OneObservation.as_view(), name="fhir-observation"),
    path("Device/<str:patient_id>-<str:number>", fhir.OneDevice.as_view(), name="fhir-device"),
    path("<path:rest>", fhir.Other.as_view(), name="fhir-other"),
]
