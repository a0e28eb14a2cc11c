"""What each learned model is to reach on the public data it was trained on, and the files to ask: the table of `make evaluate`."""

from collections.abc import Mapping
from dataclasses import dataclass

CROSS_VALIDATED = "cross-validation"
ON_FILES = "these files"


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure and its limits."""

    model: str
    figure: str
    at_least: float | None = None
    at_most: float | None = None

    def met(self, value: float) -> bool:
        """This function will tell whether a value is within the limits; NaN is not."""
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most) and value == value

    @property
    def limits(self) -> str:
        parts = [] if self.at_least is None else [f">= {self.at_least:g}"]
        return " and ".join(parts if self.at_most is None else [*parts, f"<= {self.at_most:g}"])


# Under the folder of data, in the order in which the model wants them.
FILES: Mapping[str, tuple[str, ...]] = {
    "glucose": ("cgm/broll_iglu_5_subjects.csv", "cgm/shanghai_cgm_dev_84_patients.csv.gz"),
    "mortality-home": ("mortality/nhanes3_1988_1994.csv.gz", "mortality/nhanes4_1999_2002.csv.gz"),
    "mortality-labs": ("mortality/nhanes3_1988_1994.csv.gz", "mortality/nhanes4_1999_2002.csv.gz"),
    "diabetes-screen": ("cardiometabolic/brfss2015_dev.csv.gz",),
    "readmission": ("cardiometabolic/diabetes130_dev.csv.gz",),
    "deterioration": ("vitals/physionet2012_set_a_long.csv.gz", "vitals/physionet2012_outcomes_a.csv"),
    "resting-heart-rate": ("wearables/lifesnaps_daily_dev_53_people.csv.gz",),
    "triage": ("triage/ktas_dev.csv",),
}
GOALS: tuple[Goal, ...] = (
    # By GlucoBench's protocol: a model for each of ten splits; the committed artefact's own figure on those pieces is in its report.
    Goal("glucose", "median_rmse", at_most=9.4),
    Goal("glucose", "median_mae", at_most=7.9),
    Goal("glucose", "rmse_30min_t1d", at_most=13.9),
    Goal("glucose", "rmse_30min_t2d", at_most=13.5),
    Goal("glucose", "auroc_hypo_60min", at_least=0.96),
    Goal("glucose", "ap_hypo_60min", at_least=0.42),
    Goal("glucose", "coverage_90", at_least=0.88, at_most=0.92),
    Goal("mortality-home", "auroc_5y", at_least=0.86),
    Goal("mortality-home", "oe", at_least=0.95, at_most=1.05),
    Goal("mortality-labs", "auroc_5y", at_least=0.88),
    Goal("mortality-labs", "oe", at_least=0.95, at_most=1.05),
    Goal("diabetes-screen", "auroc", at_least=0.83),
    Goal("readmission", "auroc", at_least=0.67),
    Goal("deterioration", "auroc", at_least=0.86),
    Goal("deterioration", "event1", at_least=0.50),
    Goal("triage", "auroc_le2", at_least=0.89),
    Goal("triage", "auroc_le3", at_least=0.90),
)
