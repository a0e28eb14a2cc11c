"""Dictated words into readings: "高压一百三十八低压八十六", "one thirty-eight over eighty-six, pulse seventy-one". Pure.

The phone's own keyboard turns speech into text; this turns the text into figures. What it is not sure of it does not hear.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_DIGITS: Mapping[str, int] = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "幺": 1}
_TENS: Mapping[str, int] = {"十": 10, "百": 100, "千": 1000}
_HAN = re.compile(r"[零〇一二两三四五六七八九幺十百千]+(?:点[零〇一二三四五六七八九]+)?")
_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_SMALL: Mapping[str, int] = {word: n for n, word in enumerate(_ONES.split())} | {"oh": 0}
_ROUND: Mapping[str, int] = {
    word: 10 * n for n, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2)
}
_WORDS = "|".join(sorted((*_SMALL, *_ROUND, "hundred", "point"), key=len, reverse=True))
_ENGLISH = re.compile(rf"\b(?:{_WORDS})\b(?:[\s-]+(?:and\s+)?(?:{_WORDS})\b)*")
_N = r"(\d{1,3}(?:\.\d{1,2})?)"
_GAP = r"[^\d]{0,12}?"


@dataclass(frozen=True, slots=True)
class Heard:
    """What was understood of one kind: the boxes of its form with what to put there, and the unit where one was said (UCUM)."""

    kind: str
    boxes: Mapping[str, str]
    unit: str = ""
    context: Mapping[str, str] = field(default_factory=dict)


def heard(text: str) -> list[Heard]:
    """This function will find the readings in dictated Chinese or English; nothing it does not understand, an empty list for nothing."""
    plain = _figures(text)
    found = [part for part in (_pressure(plain), _glucose(plain), _weight(plain)) if part]
    for kind, words in (("spo2", "血氧|氧饱和度|oxygen|saturation|spo2"), ("temp", "体温|temperature")):
        if value := _after(words, plain):
            found.append(Heard(kind, {"value": value} | (_pulse(plain) if kind == "spo2" and not _said_pressure(found) else {})))
    if not found and (pulse := _pulse(plain)):
        found.append(Heard("hr", {"value": pulse["pulse"]}))
    return found


def _said_pressure(found: Sequence[Heard]) -> bool:
    return any(one.kind == "bp" for one in found)


def _pressure(text: str) -> Heard | None:
    high = _after("高压|收缩压|上压|systolic|upper|top", text)
    low = _after("低压|舒张压|下压|diastolic|lower|bottom", text)
    if not (high and low):
        pair = re.search(rf"(?<![\d.]){_N}\s*(?:/|比|杠|over)\s*{_N}(?![\d.])", text) or re.search(
            rf"(?:血压|blood pressure|pressure){_GAP}{_N}[^\d.]{{1,4}}?{_N}(?![\d.])", text
        )
        if pair is None:
            return None
        high, low = pair[1], pair[2]
    return Heard("bp", {"high": high, "low": low} | _pulse(text))


def _pulse(text: str) -> dict[str, str]:
    value = _after("脉搏|心率|心跳|pulse|heart rate", text)
    return {"pulse": value} if value else {}


def _glucose(text: str) -> Heard | None:
    value = _after("血糖|blood sugar|glucose|sugar", text)
    if not value:
        return None
    meals = (
        ("空腹|fasting", "fasting"),
        ("餐前|饭前|before", "before_meal"),
        ("餐后|饭后|after", "after_meal"),
        ("睡前|bedtime", "bedtime"),
    )
    meal = next((code for words, code in meals if re.search(words, text)), "")
    unit = "mg/dL" if re.search(r"mg\s*/?\s*dl|毫克", text) else "mmol/L" if re.search(r"mmol|毫摩", text) else ""
    return Heard("glucose", {"value": value}, unit, {"meal": meal} if meal else {})


def _weight(text: str) -> Heard | None:
    value = _after("体重|weight|weigh", text)
    if not value:
        return None
    units = (("公斤|千克|kg|kilo", "kg"), ("斤|jin", "[jin_ch]"), ("磅|pound|lb", "[lb_av]"))
    return Heard("weight", {"value": value}, next((code for words, code in units if re.search(words, text)), ""))


def _after(words: str, text: str) -> str:
    """The first figure that follows one of the words closely."""
    found = re.search(rf"(?:{words}){_GAP}{_N}(?![\d.])", text)
    return found[1] if found else ""


def _figures(text: str) -> str:
    """The text in small letters with every number in digits."""
    plain = text.translate(str.maketrans("０１２３４５６７８９．／，", "0123456789./,")).lower()
    plain = _HAN.sub(lambda found: f" {_han(found[0])} ", plain)
    plain = _ENGLISH.sub(lambda found: _english(found[0]), plain)
    return re.sub(r"(?<=\d)\s*度\s*(?=\d)|(?<=\d)\s+点\s+(?=\d)|(?<=\d)\s*point\s*(?=\d)", ".", plain)


def _han(text: str) -> str:
    whole, _, part = text.partition("点")
    fraction = "".join(str(_DIGITS[one]) for one in part)
    return f"{_han_whole(whole)}.{fraction}" if fraction else str(_han_whole(whole))


def _han_whole(text: str) -> str | int:
    if not any(one in _TENS for one in text):
        return "".join(str(_DIGITS[one]) for one in text)  # read out digit by digit: 一三八
    total, digit, last = 0, None, 1
    for one in text:
        if one in _TENS:
            total += (1 if digit is None else digit) * _TENS[one]
            digit, last = None, _TENS[one]
        else:
            digit, last = _DIGITS[one], 1 if _DIGITS[one] == 0 else last
    # 一百二 is 120, 一百零二 is 102: a last digit without its place stands one place below what was named before.
    return total + (digit or 0) * (last // 10 if last >= 100 else 1)


def _english(text: str) -> str:
    words = [word for word in re.split(r"[\s-]+", text) if word != "and"]
    whole, _, part = " ".join(words).partition("point")
    figure = _english_whole(whole.split())
    fraction = "".join(str(_SMALL[word]) for word in part.split() if _SMALL.get(word, 10) < 10)
    return f"{figure}.{fraction}" if fraction else figure


def _english_whole(words: Sequence[str]) -> str:
    """ "one thirty eight" is 138 and "one oh five" 105: what is smaller than a hundred is written behind what was said before."""
    done, open_ = "", 0
    for word in words:
        if word == "hundred":
            open_ = (open_ or 1) * 100
        elif open_ >= 100 or (open_ >= 20 and open_ % 10 == 0 and _SMALL.get(word, 10) in range(1, 10)):
            open_ += _SMALL.get(word, _ROUND.get(word, 0))
        else:
            done += str(open_ or "")
            open_ = _SMALL.get(word, _ROUND.get(word, 0))
            if word in ("oh", "zero"):
                done, open_ = f"{done}0", 0
    return f"{done}{open_ or ''}" or "0"
