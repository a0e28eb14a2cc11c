"""How she feels, in the words of the person who has it: symptoms with their grades, and the mood of the day."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, gettext_noop as _n

# The catalogue's names are for clinicians.
SYMPTOMS: Mapping[str, str] = {
    "symptom_chest_pain": _n("Chest pain or tightness"),
    "symptom_dyspnoea": _n("Short of breath"),
    "symptom_dyspnoea_rest": _n("Short of breath even at rest"),
    "symptom_neuro": _n("Face drooping, weak arm or slurred speech"),
    "symptom_syncope": _n("Fainted"),
    "symptom_palpitations": _n("Heart racing or irregular"),
    "symptom_dizziness": _n("Dizzy"),
    "symptom_headache": _n("Headache"),
    "symptom_oedema": _n("Swollen feet or legs"),
    "symptom_orthopnoea": _n("Breathless when lying flat"),
    "symptom_fatigue": _n("Very tired"),
    "symptom_vomiting": _n("Vomiting"),
    "symptom_bleeding": _n("Heavy bleeding, or coughing up blood"),
}
# What makes a dangerous value an emergency: asked in the confirm-and-act flow.
RED_FLAGS = ("symptom_chest_pain", "symptom_dyspnoea_rest", "symptom_neuro", "symptom_syncope", "symptom_bleeding")
GRADES = (("1", _n("A little")), ("2", _n("Clearly")), ("3", _n("Badly")))
MOODS = (("1", _n("Very down")), ("2", _n("Down")), ("3", _n("So-so")), ("4", _n("Good")), ("5", _n("Very good")))
TAKEN = (("1", _n("Yes, taken")), ("0", _n("Missed")))


def grades_in(posted: Mapping[str, str]) -> dict[str, int]:
    """This function will read which symptoms were graded: each by its own field, or all of them by one `grade`."""
    every = posted.get("grade", "")
    found = {}
    for key in SYMPTOMS:
        given = posted.get(key, "")
        if given in dict(GRADES):
            found[key] = int(every) if every in dict(GRADES) else int(given)
    return found


def spoken(kind: str, value: Any) -> tuple[str, str] | None:
    """This function will give name and value of a feeling in words; None for any other kind."""
    if kind in SYMPTOMS:
        return gettext(SYMPTOMS[kind]), gettext(dict(GRADES)[str(int(value))])
    if kind == "mood":
        return gettext("Mood"), gettext(dict(MOODS)[str(int(value))])
    if kind == "medication_taken":
        return gettext("Medication"), gettext(dict(TAKEN)[str(int(value))])
    return None
