"""PHQ-9 for depression and GAD-7 for anxiety. Any answer above 0 to item 9 of the PHQ-9 asks for a human contact the same day."""

from risk.scores.inputs import answers
from risk.scores.shape import Band, Outcome, Score
from risk.scores.words import words

SELF_HARM = words(
    "第9题提示自伤或自杀想法：须当日由人联系患者，勿仅发送信息。",
    "Item 9 points at thoughts of self-harm: a person must contact the patient today; a message is not enough.",
)
NO_DIAGNOSIS = words("筛查量表，不能代替诊断。", "A screening questionnaire, not a diagnosis.")


def _phq9(*, items: tuple[int, ...]) -> Outcome:
    flagged = items[8] > 0
    return Outcome(sum(items), {"item_9": items[8], "self_harm": flagged}, notes=(SELF_HARM,) if flagged else ())


def _gad7(*, items: tuple[int, ...]) -> Outcome:
    return Outcome(sum(items))


PHQ9 = Score(
    key="phq9",
    version="2001",
    name=words("PHQ-9 抑郁筛查", "PHQ-9 depression screen"),
    citation="Kroenke K et al. J Gen Intern Med 2001;16:606-613. doi:10.1046/j.1525-1497.2001.016009606.x",
    population=words("成人", "Adults"),
    unit="{score}",
    inputs=(answers("items", words("PHQ-9的9项回答", "the nine answers of the PHQ-9"), 9, 3),),
    formula=_phq9,
    bands=(Band("minimal", 0), Band("mild", 5), Band("moderate", 10), Band("moderately_severe", 15), Band("severe", 20)),
    notes=(NO_DIAGNOSIS,),
)
GAD7 = Score(
    key="gad7",
    version="2006",
    name=words("GAD-7 焦虑筛查", "GAD-7 anxiety screen"),
    citation="Spitzer RL et al. Arch Intern Med 2006;166:1092-1097. doi:10.1001/archinte.166.10.1092",
    population=words("成人", "Adults"),
    unit="{score}",
    inputs=(answers("items", words("GAD-7的7项回答", "the seven answers of the GAD-7"), 7, 3),),
    formula=_gad7,
    bands=(Band("minimal", 0), Band("mild", 5), Band("moderate", 10), Band("severe", 15)),
    notes=(NO_DIAGNOSIS,),
)
