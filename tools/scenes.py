"""What tools/tour.py shows: the words of the tour, the stage of its two screens, and the list of still pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from healthhub.config import demo_people as who
from healthhub.config.demo_people import Account

# English and Chinese, one line each.
WORDS: Mapping[str, tuple[str, str]] = {
    "well": ("Am I all right? One sentence answers.", "“我还好吗？”一句话回答。"),
    "logs": ("She logs her blood pressure: three taps and the digits.", "记录血压：点三下，输入数字。"),
    "really": ("So far from her usual? The phone asks first.", "和平时相差很大？手机先问一句。"),
    "again": ("188/112: she is asked to rest and measure once more.", "188/112：请坐下休息，再量一次。"),
    "arrives": ("Still high. Her doctor's open list has it at once.", "仍然很高。医生打开着的工作台立刻出现。"),
    "taken": ("The doctor takes it. Everybody sees who has it.", "医生接手，大家都看到由谁负责。"),
    "seen": ("And she knows that somebody is looking after her.", "她也知道：有人在管了。"),
    "looks": ("Behind every alert: its numbers, the risk, the reasons.", "每条提醒背后：数值、风险和原因。"),
}

# A phone on the left, a screen on the right, a sentence above it. Colours are those of tokens.css.
SCENE = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; width: 1200px; height: 690px; overflow: hidden; position: relative;
  background: linear-gradient(160deg, #f4f7f6, #d9e8e3); font-family: "DejaVu Sans", "Noto Sans CJK SC", sans-serif; color: #10201d; }
figure { position: absolute; margin: 0; overflow: hidden; background: #fff; box-shadow: 0 10px 34px #0a655833; }
#her { left: 28px; top: 22px; width: 299px; height: 646px; border: 7px solid #10201d; border-radius: 36px; box-sizing: border-box; }
#doctor { left: 355px; top: 128px; width: 820px; height: 540px; border-radius: 12px; border: 1px solid #b9c9c4; box-sizing: border-box; }
#doctor::before { content: ""; position: absolute; inset: 0 0 auto; height: 16px; background: #e3ebe8; }
img { display: block; width: 100%; } #doctor img { margin-top: 16px; }
p { position: absolute; left: 357px; right: 20px; margin: 0; font-size: 25px; font-weight: 700; top: 30px;
  letter-spacing: -.2px; white-space: nowrap; }
p + p { top: 72px; font-size: 21px; font-weight: 400; color: #35514a; }
i { position: absolute; width: 38px; height: 38px; margin: -19px 0 0 -19px; border-radius: 50%; background: #e0781766;
  border: 3px solid #e07817; box-sizing: border-box; }
</style><figure id="her"><img alt=""><i></i></figure><figure id="doctor"><img alt=""><i></i></figure><p></p><p></p>"""

PLACES = """async ([her, doctor, english, chinese, on, x, y]) => {
    const words = document.querySelectorAll("p");
    words[0].textContent = english;
    words[1].textContent = chinese;
    for (const [name, source] of [["her", her], ["doctor", doctor]]) {
        const image = document.querySelector(`#${name} img`);
        image.src = source;
        await image.decode();
        const finger = document.querySelector(`#${name} i`);
        const scale = image.width / image.naturalWidth;
        finger.style.left = `${name === on ? x * scale : -99}px`;
        finger.style.top = `${name === on ? y * scale + image.offsetTop : -99}px`;
    }
}"""


@dataclass(frozen=True)
class Still:
    """One picture: file name, address ({id} is `whose` patient's), screen in CSS pixels, and how its reader reads."""

    name: str
    path: str
    size: tuple[int, int]
    account: Account = who.PATIENT
    whose: Account = who.PATIENT
    language: Literal["zh-hans", "en"] = "en"
    theme: Literal["light", "dark"] = "light"
    type_size: str = "normal"
    scroll_to: str = ""
    type_on_pad: str = ""


PHONE, DESKTOP = (390, 844), (1440, 900)
TOM = who.ENGLISH_PATIENT
STILLS = (
    Still("home-zh", "/", PHONE, language="zh-hans"),
    Still("home-large-en", "/", PHONE, type_size="large"),
    Still("keypad-zh-dark", "/people/{id}/log/bp", PHONE, language="zh-hans", theme="dark", type_on_pad="1287"),
    Still("trend-cgm-en", "/people/{id}/trends/cgm?span=quarter", (820, 1100), account=TOM, whose=TOM),
    Still("worklist-en", "/worklist", DESKTOP, account=who.DOCTOR),
    Still("worklist-zh-dark", "/worklist", DESKTOP, account=who.DOCTOR, language="zh-hans", theme="dark"),
    Still("risk-en", "/patients/{id}/risk", DESKTOP, account=who.DOCTOR),
    Still(
        "agp-en-dark",
        "/patients/{id}/glucose",
        DESKTOP,
        account=who.SECOND_DOCTOR,
        whose=TOM,
        theme="dark",
        scroll_to="h2:has-text('Daily glucose profile')",
    ),
    Still("programme-zh", "/programme", DESKTOP, account=who.MANAGER, language="zh-hans"),
    Still("consent-zh", "/people/{id}/data/sharing", PHONE, language="zh-hans"),
)
