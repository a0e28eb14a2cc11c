"""A person's own settings: the language we write to her in, her zone, her unit of glucose."""

from datetime import datetime
from zoneinfo import available_timezones

from healthhub.audit import log
from healthhub.lib.refused import Invalid, NotVisible
from healthhub.people.access import Viewer
from healthhub.people.models import Language, User


def change(
    *, by: Viewer, language: str | None = None, time_zone: str | None = None, glucose_unit: str | None = None, now: datetime
) -> User:
    """This function will change what is given of the viewer's own settings. Raises Invalid (with the field) for unknown values."""
    user = User.objects.filter(id=by.person, is_active=True).first()
    if user is None:
        raise NotVisible
    if language is not None and language not in Language.values:
        raise Invalid("This language is not offered.", code="unknown_language", field="language")
    if time_zone is not None and time_zone not in available_timezones():
        raise Invalid("There is no such time zone.", code="unknown_time_zone", field="time_zone")
    if glucose_unit is not None and glucose_unit not in ("mmol/L", "mg/dL"):
        raise Invalid("Glucose is shown in mmol/L or mg/dL.", code="unknown_unit", field="glucose_unit")
    wanted = {"language": language, "time_zone": time_zone, "glucose_unit": glucose_unit}
    changes = {name: value for name, value in wanted.items() if value is not None and value != getattr(user, name)}
    if changes:
        for name, value in changes.items():
            setattr(user, name, value)
        user.save(update_fields=list(changes))
        log.record(by=by, did="profile.change", about=f"user:{user.id}", now=now, detail=changes)
    return user
