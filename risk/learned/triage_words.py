"""Groups of complaints by what a person says, in English and Chinese: 0/1 columns that hold no diagnosis."""

import re
from collections.abc import Mapping

from risk.scores.words import Words, words

# Group: its names, and what is looked for (English as regular expressions on word beginnings, Chinese as it stands).
COMPLAINTS: Mapping[str, tuple[Words, str, tuple[str, ...]]] = {
    "chest_pain": (
        words("胸痛或胸闷", "chest pain"),
        r"chest|ant\.? ?(ches|pain)|angina|pain, ant|retrosternal",
        ("胸痛", "胸闷", "心绞痛", "心前区"),
    ),
    "dyspnoea": (
        words("呼吸困难", "short of breath"),
        r"dyspn|sob\b|breath|asthma|wheez|hyperventil",
        ("呼吸困难", "气短", "气促", "喘", "憋气"),
    ),
    "palpitation": (words("心悸", "palpitations"), r"palpit|tachyc|arrhyth", ("心悸", "心慌", "心律")),
    "syncope": (words("晕厥", "fainting"), r"syncop|faint|collapse|black ?out|loc\b", ("晕厥", "昏倒", "晕倒")),
    "arrest": (words("心跳呼吸骤停", "arrest"), r"arrest|cpr\b|dyspnea severe|apnea", ("骤停", "心肺复苏", "没有呼吸")),
    "mental_change": (
        words("意识改变", "change of mind"),
        r"mental|mentality|conscious|coma|stupor|drows|deliri|confus|amnesia|semicoma|altered",
        ("意识", "昏迷", "嗜睡", "谵妄", "糊涂", "神志"),
    ),
    "neuro": (
        words("肢体无力、言语或面部异常", "weak limb, speech or face"),
        r"motor|hemipar|hemipl|dysarth|aphas|facial palsy|palsy|numb|tingl|side weak|weakness, [lr]|paral|slurred|gait|ataxia",
        ("偏瘫", "无力", "口齿不清", "言语", "口角", "麻木", "面瘫", "失语"),
    ),
    "seizure": (words("抽搐", "seizure"), r"seiz|sezure|convuls|epilep", ("抽搐", "癫痫", "惊厥")),
    "headache": (words("头痛", "headache"), r"headache|\bha\b|migraine|pain, head", ("头痛", "偏头痛")),
    "dizziness": (words("头晕", "dizziness"), r"dizz|vertigo|whirling|rotat|light ?head|headness", ("头晕", "眩晕", "天旋地转")),
    "weakness": (
        words("全身乏力", "general weakness"),
        r"general(ized)? ?weak|g-?weak|weakness|fatigue|poor oral|malaise",
        ("乏力", "虚弱", "疲"),
    ),
    "abdominal_pain": (
        words("腹痛", "abdominal pain"),
        r"abd|epigas|ruq|rlq|luq|llq|flank|periumb|stomach|low(er)? abd|quadrant|a/d|indigest",
        ("腹痛", "肚子", "胃痛", "腰腹", "上腹", "下腹"),
    ),
    "vomiting": (
        words("呕吐或腹泻", "vomiting or diarrhoea"),
        r"vomit|n/v|nausea|diarr|\bv/d\b|watery|gastroent",
        ("呕吐", "恶心", "腹泻", "拉肚子"),
    ),
    "gi_bleeding": (
        words("呕血或黑便", "bleeding from the gut"),
        r"hematem|haematem|melena|hematoch|haematoch|gi bleed|bloody stool",
        ("呕血", "黑便", "便血", "吐血"),
    ),
    "bleeding": (
        words("出血", "bleeding"),
        r"bleed|epistax|hemopty|haemopty|hematur|haematur|hemorr|blood",
        ("出血", "流血", "咯血", "血尿", "鼻血"),
    ),
    "fever": (words("发热", "fever"), r"fever|febrile|f/c|chill|rigor|myalg", ("发热", "发烧", "寒战", "畏寒")),
    "infection": (
        words("咳嗽、咽痛或流涕", "cough or sore throat"),
        r"cough|throat|sputum|uri\b|rhinor|nasal|tonsil",
        ("咳嗽", "咽痛", "喉咙", "咳痰", "流涕"),
    ),
    "trauma": (
        words("外伤", "injury"),
        r"injur|trauma|fall|\bta\b|laceration|\blac\b|wound|fracture|contus|burn|sting|bite|stab|disloc|sprain|abras|violence|assault",
        ("外伤", "摔", "跌", "车祸", "骨折", "烧伤", "烫伤", "割伤", "伤口", "扭伤", "咬伤"),
    ),
    "head_injury": (
        words("头部外伤", "head injury"),
        r"head (injury|trauma)|(injury|wound|trauma)[, ]+(head|scalp)|scalp",
        ("头部外伤", "头皮", "撞头"),
    ),
    "limb": (
        words("四肢疼痛或肿胀", "limb pain or swelling"),
        r"\b(leg|arm|hand|foot|finger|toe|knee|ankle|shoulder|wrist|elbow|hip|thigh|forearm|extremit|joint|heel)",
        ("腿", "胳膊", "手指", "手臂", "脚", "膝", "踝", "肩", "腕", "关节"),
    ),
    "back_pain": (words("腰背痛", "back pain"), r"back|lbp|lumbar|neck|coccyg", ("腰痛", "背痛", "颈痛")),
    "eye_ear": (
        words("眼、耳、口腔", "eye, ear or mouth"),
        r"ocular|eye|vision|visual|otalg|\bear\b|tooth|gingiv|dental|hearing|acuity|tongue|\blip\b",
        ("眼", "视力", "视物", "耳", "牙", "口腔", "听力"),
    ),
    "skin": (
        words("皮肤或过敏", "skin or allergy"),
        r"rash|urtic|itch|prurit|eczema|skin|allerg|swelling|edema|cellul|zoster|papul",
        ("皮疹", "荨麻疹", "瘙痒", "过敏", "肿", "皮肤"),
    ),
    "poisoning": (
        words("中毒或自伤", "poisoning or self-harm"),
        r"intox|poison|overdose|\bdi\b|suicid|self.?harm|drunken|alcohol|hanging|smelling|paraquat|drug",
        ("中毒", "过量", "自杀", "自伤", "醉酒", "农药"),
    ),
    "glucose_pressure": (
        words("血糖或血压异常", "glucose or pressure out of order"),
        r"hypogly|hypergly|glucose|hypertens|hypotens|\bbst\b|high bp|\bbp\b",
        ("低血糖", "高血糖", "血糖", "血压"),
    ),
    "urinary": (
        words("泌尿或妇科", "urinary or vaginal"),
        r"void|dysur|urin|bladder|vagin|penile|scrot|testic|oligur|pprom|pregnan",
        ("尿", "阴道", "会阴", "睾丸", "妊娠"),
    ),
    "device": (
        words("管路、换药或检查异常", "tube, dressing or abnormal test"),
        r"ptbd|tube|catheter|peg\b|avf|c/s|lab\b|abnormal|malfunc|removal|tapping|copy|medication|dressing|foley|f/u|w/u|foreign|\bfb\b",
        ("管", "换药", "化验异常", "复查", "异物"),
    ),
    "anxiety": (words("焦虑或情绪", "anxiety or mood"), r"anxi|hallucin|mood|depress|behavio", ("焦虑", "幻觉", "抑郁")),
    "severe": (words("剧烈或突发", "severe or sudden"), r"severe|sudden|acute|massive|unable|attack", ("剧烈", "突然", "突发", "大量")),
    "pain": (words("疼痛", "pain"), r"pain|ache|algia|tender", ("痛", "疼")),
}
PATTERNS = {
    name: re.compile("|".join([english, *map(re.escape, chinese)]), re.IGNORECASE) for name, (_, english, chinese) in COMPLAINTS.items()
}


def complaint_groups(text: str) -> dict[str, float]:
    """This function will give 1.0 or 0.0 for each group of COMPLAINTS, by what the text of a complaint says (English or Chinese).

    An empty text, or one of question marks, belongs to no group. A denial ("no chest pain") is not understood.
    """
    return {name: float(pattern.search(text) is not None) for name, pattern in PATTERNS.items()}
