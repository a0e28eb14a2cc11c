"""What notices forget of a person: everything that spoke of her data, to anyone, and every way to reach her."""

from uuid import UUID

from notifications.models import Channel, Notice, QuietHours


def erase(*, patient_id: UUID, person: UUID) -> None:
    """This function will do so in the caller's transaction; what others were told about her goes too."""
    Notice.objects.filter(patient_id=patient_id).delete()
    Notice.objects.filter(person=person).delete()
    Channel.objects.filter(person=person).delete()
    QuietHours.objects.filter(person=person).delete()
