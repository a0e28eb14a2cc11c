"""All learned models by key."""

from collections.abc import Mapping

from healthhub.lib.refused import Invalid
from risk.learned import deterioration, diabetes_screen, glucose, mortality, readmission, resting_heart_rate, triage
from risk.learned.shape import Learned

MODELS: tuple[Learned, ...] = (
    deterioration.MODEL,
    diabetes_screen.MODEL,
    glucose.MODEL,
    mortality.HOME_MODEL,
    mortality.LABS_MODEL,
    readmission.MODEL,
    resting_heart_rate.MODEL,
    triage.MODEL,
)
BY_KEY: Mapping[str, Learned] = {model.key: model for model in MODELS}


def model(key: str) -> Learned:
    """This function will give the model of that key. Raises Invalid(code="unknown_model")."""
    if key not in BY_KEY:
        raise Invalid(f"There is no model {key!r}: {', '.join(BY_KEY)}.", code="unknown_model", field="model")
    return BY_KEY[key]
