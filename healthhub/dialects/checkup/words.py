"""The words by which check-up centres head their columns, Chinese and English, and the kinds they may stand for. Pure."""

import re
import unicodedata

DATE = (
    "日期 时间 体检日期 检查日期 检测日期 检验日期 测量日期 报告日期 采样日期 采样时间 体检时间 检查时间 检验时间 检测时间 测量时间 "
    "date time datetime checkupdate examdate examinationdate testdate reportdate visitdate sampledate collected collectiondate measuredat"
)
ITEM = (
    "项目 项目名称 检查项目 检验项目 检测项目 体检项目 指标 指标名称 名称 "
    "item test testname itemname analyte parameter measure measurement examination"
)
VALUE = "结果 检查结果 检验结果 检测结果 测定结果 体检结果 结果值 数值 测量值 检测值 值 result value results reading"
UNIT = "单位 结果单位 计量单位 unit units"
PERSON = "姓名 名字 受检者 受检人 体检人 体检编号 体检号 name fullname patient patientname person subject patientid"

# Kind, or kind and part of a pair (1 systolic, 2 diastolic, 0 both in one cell): its names. A name of two kinds is asked about.
NAMES: dict[tuple[str, int], str] = {
    ("bp", 0): "血压 bloodpressure bp",
    ("bp", 1): "收缩压 高压 血压收缩压 收缩压sbp systolic systolicpressure systolicbloodpressure systolicbp sbp sys",
    ("bp", 2): "舒张压 低压 血压舒张压 舒张压dbp diastolic diastolicpressure diastolicbloodpressure diastolicbp dbp dia",
    ("hr", 0): "心率 脉搏 脉率 heartrate pulse pulserate hr bpm",
    ("rhr", 0): "静息心率 静息脉搏 restingheartrate restingpulse rhr",
    ("spo2", 0): "血氧 血氧饱和度 氧饱和度 oxygensaturation bloodoxygen spo2 o2sat",
    ("rr", 0): "呼吸 呼吸频率 呼吸次数 respiratoryrate respirationrate",
    ("temp", 0): "体温 temperature bodytemperature temp",
    ("weight", 0): "体重 weight bodyweight",
    ("height", 0): "身高 height bodyheight",
    ("bmi", 0): "体质指数 体重指数 身体质量指数 bmi bodymassindex",
    ("waist", 0): "腰围 waist waistcircumference",
    ("body_fat", 0): "体脂率 体脂 体脂肪率 bodyfat bodyfatpercentage",
    ("fpg", 0): "空腹血糖 空腹葡萄糖 空腹血浆葡萄糖 血糖 葡萄糖 血清葡萄糖 fpg fbg fbs fastingglucose fastingbloodglucose "
    "fastingplasmaglucose fastingbloodsugar glucose bloodglucose bloodsugar glu",
    ("glucose_2h", 0): "餐后2小时血糖 餐后2h血糖 餐后两小时血糖 餐后血糖 2小时血糖 血糖 葡萄糖 2hpg ppg 2hpbg postprandialglucose "
    "postmealglucose glucose bloodglucose bloodsugar glu",
    ("glucose", 0): "指尖血糖 末梢血糖 随机血糖 血糖 fingerstickglucose capillaryglucose randomglucose glucose bloodglucose bloodsugar",
    ("hba1c", 0): "糖化血红蛋白 糖化血红蛋白a1c hba1c a1c glycatedhemoglobin glycatedhaemoglobin glycosylatedhemoglobin",
    ("cholesterol", 0): "总胆固醇 胆固醇 血清总胆固醇 cholesterol totalcholesterol tc chol tcho",
    ("ldl", 0): "低密度脂蛋白 低密度脂蛋白胆固醇 ldl ldlc ldlcholesterol lowdensitylipoprotein",
    ("hdl", 0): "高密度脂蛋白 高密度脂蛋白胆固醇 hdl hdlc hdlcholesterol highdensitylipoprotein",
    ("triglycerides", 0): "甘油三酯 甘油三脂 三酰甘油 血清甘油三酯 triglycerides triglyceride tg trig",
    ("creatinine", 0): "血肌酐 肌酐 血清肌酐 creatinine serumcreatinine crea scr",
    ("egfr", 0): "估算肾小球滤过率 肾小球滤过率 egfr gfr",
    ("uacr", 0): "尿白蛋白肌酐比 尿白蛋白肌酐比值 尿微量白蛋白肌酐比 uacr acr albumincreatinineratio",
    ("potassium", 0): "血钾 钾 血清钾 potassium serumpotassium",
    ("sodium", 0): "血钠 钠 血清钠 sodium serumsodium",
    ("bicarbonate", 0): "碳酸氢根 碳酸氢盐 bicarbonate hco3",
    ("uric_acid", 0): "尿酸 血尿酸 血清尿酸 uricacid serumuricacid urate",
    ("urea_nitrogen", 0): "尿素氮 血尿素氮 尿素 血清尿素 bun ureanitrogen bloodureanitrogen",
    ("inr", 0): "国际标准化比值 inr",
    ("albumin", 0): "白蛋白 血清白蛋白 albumin alb serumalbumin",
    ("alp", 0): "碱性磷酸酶 alp alkalinephosphatase",
    ("bilirubin", 0): "总胆红素 totalbilirubin bilirubin tbil",
    ("ggt", 0): "γ谷氨酰转移酶 谷氨酰转移酶 γ谷氨酰转肽酶 谷氨酰转肽酶 谷氨酰基转移酶 ggt γgt gammagt gammaglutamyltransferase",
    ("crp", 0): "c反应蛋白 超敏c反应蛋白 crp hscrp creactiveprotein",
    ("wbc", 0): "白细胞 白细胞计数 白细胞总数 wbc whitebloodcells whitebloodcellcount",
    ("lymphocytes", 0): "淋巴细胞百分比 淋巴细胞比率 lymphocytes lymphocytepercentage",
    ("monocytes", 0): "单核细胞百分比 单核细胞比率 monocytes monocytepercentage",
    ("rbc", 0): "红细胞 红细胞计数 红细胞总数 rbc redbloodcells redbloodcellcount",
    ("mcv", 0): "平均红细胞体积 mcv meancorpuscularvolume",
    ("rdw", 0): "红细胞分布宽度 rdw redcelldistributionwidth rdwcv",
    ("haemoglobin", 0): "血红蛋白 血色素 hb hgb haemoglobin hemoglobin",
    ("haematocrit", 0): "红细胞压积 红细胞比容 hct haematocrit hematocrit",
    ("platelets", 0): "血小板 血小板计数 plt platelets plateletcount",
    ("lactate", 0): "乳酸 lactate lacticacid",
    ("cystatin_c", 0): "胱抑素c 血清胱抑素c cystatinc cysc",
    ("pef", 0): "呼气峰流速 峰流速 peakflow pef peakexpiratoryflow",
    ("fev1", 0): "第一秒用力呼气量 第1秒用力呼气容积 fev1",
    ("fvc", 0): "用力肺活量 fvc forcedvitalcapacity",
}
Meaning = tuple[str, int]
_ENDINGS = re.compile(r"(测定|检测|检查|结果|数值|水平|浓度|值)$")


def _table() -> dict[str, tuple[Meaning, ...]]:
    found: dict[str, tuple[Meaning, ...]] = {}
    for meaning, names in NAMES.items():
        for name in names.split():
            found[name] = (*found.get(name, ()), meaning)
    return found


MEANINGS = _table()


def plain(text: str) -> str:
    """This function will give the form of a heading in which case, width, blanks and punctuation do not count."""
    return "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())


def is_one_of(text: str, names: str) -> bool:
    """This function will tell whether a heading is one of `names`."""
    return plain(text) in names.split()


def may_be_date(text: str) -> bool:
    """This function will tell whether a heading speaks of a day, and not of the day of birth or of the print."""
    word = plain(text)
    return bool(re.search("日期|时间|date|time", word)) and not re.search("出生|生日|打印|birth|dob|print", word)


def meanings(name: str) -> tuple[Meaning, ...]:
    """This function will give the kinds and parts a name may stand for; none where it is not known exactly."""
    word = plain(name)
    return MEANINGS.get(word) or MEANINGS.get(_ENDINGS.sub("", word), ())
