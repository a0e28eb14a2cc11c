"""Words for doors that others can look through: that something waits, never what."""

from django.utils import translation
from django.utils.translation import gettext as _

from notifications.transports import Letter


def discreet(letter: Letter) -> tuple[str, str]:
    """This function will give a title and a body that name no person, no illness and no value."""
    with translation.override(letter.language):
        if letter.severity == "red":
            title = _("HealthHub: an emergency needs you now")
        elif letter.severity == "urgent":
            title = _("HealthHub: something urgent needs you today")
        else:
            title = _("HealthHub: there is news for you")
        return title, _("Open HealthHub to read it.")
