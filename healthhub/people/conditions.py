"""Codes of diagnoses, treatment and targets that a patient's record may carry, with their names.

Rules (`monitoring.judging`) and scores (`risk.scores`) ask for them, so a code never changes its meaning.
"""

from collections.abc import Iterable, Mapping

from healthhub.lib.refused import Invalid

CONDITIONS: Mapping[str, Mapping[str, str]] = {
    "hypertension": {"en": "Hypertension", "zh-hans": "高血压"},
    "diabetes_t1": {"en": "Type 1 diabetes", "zh-hans": "1 型糖尿病"},
    "diabetes_t2": {"en": "Type 2 diabetes", "zh-hans": "2 型糖尿病"},
    "heart_failure": {"en": "Heart failure", "zh-hans": "心力衰竭"},
    "copd": {"en": "COPD", "zh-hans": "慢性阻塞性肺疾病"},
    "asthma": {"en": "Asthma", "zh-hans": "哮喘"},
    "atrial_fibrillation": {"en": "Atrial fibrillation", "zh-hans": "心房颤动"},
    "ckd": {"en": "Chronic kidney disease", "zh-hans": "慢性肾脏病"},
    "obesity": {"en": "Obesity", "zh-hans": "肥胖症"},
    "dialysis": {"en": "On dialysis", "zh-hans": "透析治疗"},
    "kidney_transplant": {"en": "Kidney transplant", "zh-hans": "肾移植术后"},
    "cardiovascular_disease": {"en": "Cardiovascular disease", "zh-hans": "心血管病"},
    "pregnant": {"en": "Pregnant", "zh-hans": "妊娠"},
    "postpartum": {"en": "Postpartum", "zh-hans": "产后"},
    "immunosuppressed": {"en": "Immunosuppressed", "zh-hans": "免疫抑制"},
    "athlete": {"en": "Athlete", "zh-hans": "运动员"},
    "recently_discharged": {"en": "Recently discharged from hospital", "zh-hans": "近期出院"},
    "insulin": {"en": "On insulin", "zh-hans": "使用胰岛素"},
    "insulin_pump": {"en": "On an insulin pump", "zh-hans": "使用胰岛素泵"},
    "sulfonylurea": {"en": "On a sulfonylurea", "zh-hans": "服用磺脲类药物"},
    "sglt2i": {"en": "On an SGLT2 inhibitor", "zh-hans": "服用 SGLT2 抑制剂"},
    "antihypertensive": {"en": "On blood pressure medication", "zh-hans": "服用降压药"},
    "diuretic": {"en": "On a diuretic", "zh-hans": "服用利尿剂"},
    "raasi": {"en": "On an ACE inhibitor or ARB", "zh-hans": "服用 ACEI 或 ARB"},
    "anticoagulant": {"en": "On an anticoagulant", "zh-hans": "服用抗凝药"},
    "rate_control": {"en": "On rate control", "zh-hans": "服用控制心率药物"},
    "critical_medication": {"en": "On medication that must not be missed", "zh-hans": "服用不可漏服的药物"},
    "on_oxygen": {"en": "On oxygen at home", "zh-hans": "家庭氧疗"},
    "target_spo2_88_92": {"en": "Oxygen target 88-92 %", "zh-hans": "血氧目标 88–92 %"},
    "diagnostic_week": {"en": "In a diagnostic week of home blood pressure", "zh-hans": "家庭血压诊断周"},
}


def checked(codes: Iterable[str]) -> list[str]:
    """This function will give the codes sorted and once each; raises `Invalid` for one that nobody knows."""
    wanted = {*codes}
    if not CONDITIONS.keys() >= wanted:
        raise Invalid("This condition is not known.", code="unknown_condition", field="conditions")
    return sorted(wanted)
