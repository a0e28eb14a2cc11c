"""Words shared by the scores, in both languages."""

from collections.abc import Mapping

Words = Mapping[str, str]


def words(zh: str, en: str) -> Words:
    """This function will put a text in both languages together."""
    return {"zh-hans": zh, "en": en}


# How a missing input is come by.
HOW: Mapping[str, Words] = {
    "ask": words("请询问患者", "ask the patient"),
    "measure": words("请测量", "measure it"),
    "order": words("请开具这项化验", "order this lab"),
    "test": words("请安排这项检查", "order this examination"),
    "look": words("请查阅病历", "look it up in the record"),
}

BANDS: Mapping[str, Words] = {
    "low": words("低危", "low"),
    "borderline": words("临界", "borderline"),
    "medium": words("中危", "medium"),
    "intermediate": words("中危", "intermediate"),
    "moderate": words("中度", "moderate"),
    "low_moderate": words("低-中危", "low to moderate"),
    "low_medium": words("低危（单项3分）", "low, with one parameter at 3"),
    "slightly_elevated": words("轻度升高", "slightly elevated"),
    "elevated": words("升高", "elevated"),
    "high": words("高危", "high"),
    "very_high": words("极高危", "very high"),
    "not_high": words("未达高危", "not high"),
    "minimal": words("无或极轻", "minimal"),
    "mild": words("轻度", "mild"),
    "moderately_severe": words("中重度", "moderately severe"),
    "severe": words("重度", "severe"),
    "consider": words("可考虑抗凝", "consider anticoagulation"),
    "recommended": words("建议抗凝", "anticoagulation recommended"),
    "not_recommended": words("无需抗凝", "no anticoagulation for stroke prevention"),
    "quartile_1": words("第一四分位", "quartile 1"),
    "quartile_2": words("第二四分位", "quartile 2"),
    "quartile_3": words("第三四分位", "quartile 3"),
    "quartile_4": words("第四四分位", "quartile 4"),
    "G1": words("G1 正常或增高", "G1 normal or high"),
    "G2": words("G2 轻度下降", "G2 mildly decreased"),
    "G3a": words("G3a 轻至中度下降", "G3a mildly to moderately decreased"),
    "G3b": words("G3b 中至重度下降", "G3b moderately to severely decreased"),
    "G4": words("G4 重度下降", "G4 severely decreased"),
    "G5": words("G5 肾衰竭", "G5 kidney failure"),
}
