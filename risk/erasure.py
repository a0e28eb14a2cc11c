"""What risk forgets of a person: every assessment, opinion, baseline, outcome and standing, and with them the figures they quote."""

from uuid import UUID

from risk.models import Assessment, Baseline, Opinion, Outcome, Standing


def erase(*, patient_id: UUID) -> None:
    """This function will do so in the caller's transaction."""
    Opinion.objects.filter(assessment__patient=patient_id).delete()
    Standing.objects.filter(patient=patient_id).delete()
    Assessment.objects.filter(patient=patient_id).delete()
    Baseline.objects.filter(patient=patient_id).delete()
    Outcome.objects.filter(patient=patient_id).delete()
