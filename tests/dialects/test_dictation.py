"""Dictation: what people say to their phone, and what must not be heard in it."""

import pytest

from healthhub.dialects.dictation import Heard, _figures, heard


@pytest.mark.parametrize(
    ("said", "figure"),
    [
        ("一百三十八", "138"), ("八十六", "86"), ("一百零五", "105"), ("一百二", "120"), ("一百二十", "120"), ("两百", "200"),
        ("十八", "18"), ("一百一十", "110"), ("一三八", "138"), ("九十", "90"), ("五点六", "5.6"), ("三十六点八", "36.8"),
        ("１３８", "138"),
        ("one thirty eight", "138"), ("one hundred and thirty-eight", "138"), ("eighty six", "86"), ("one oh five", "105"),
        ("five point six", "5.6"), ("thirty six point eight", "36.8"), ("a hundred", "a 100"), ("one twenty", "120"), ("ninety", "90"),
        ("seventeen", "17"), ("two hundred", "200"),
    ],
)  # fmt: skip
def test_numbers(said: str, figure: str) -> None:
    assert _figures(said).strip() == figure


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("高压一百三十八低压八十六", Heard("bp", {"high": "138", "low": "86"})),
        ("高压138，低压86，心率71", Heard("bp", {"high": "138", "low": "86", "pulse": "71"})),
        ("血压一百三十八比八十六", Heard("bp", {"high": "138", "low": "86"})),
        ("血压 138 86", Heard("bp", {"high": "138", "low": "86"})),
        ("138/86", Heard("bp", {"high": "138", "low": "86"})),
        ("one thirty-eight over eighty-six, pulse seventy-one", Heard("bp", {"high": "138", "low": "86", "pulse": "71"})),
        ("My upper is 138 and the lower 86", Heard("bp", {"high": "138", "low": "86"})),
        ("空腹血糖五点六", Heard("glucose", {"value": "5.6"}, "", {"meal": "fasting"})),
        ("饭后血糖 8.9 毫摩尔", Heard("glucose", {"value": "8.9"}, "mmol/L", {"meal": "after_meal"})),
        ("blood sugar one twenty six mg/dl", Heard("glucose", {"value": "126"}, "mg/dL")),
        ("体重一百二十八斤", Heard("weight", {"value": "128"}, "[jin_ch]")),
        ("体重六十四点五公斤", Heard("weight", {"value": "64.5"}, "kg")),
        ("I weigh 142 pounds", Heard("weight", {"value": "142"}, "[lb_av]")),
        ("血氧九十六，脉搏七十二", Heard("spo2", {"value": "96", "pulse": "72"})),
        ("体温三十六度八", Heard("temp", {"value": "36.8"})),
        ("心率七十二", Heard("hr", {"value": "72"})),
    ],
)
def test_sentences(said: str, understood: Heard) -> None:
    assert heard(said) == [understood]


@pytest.mark.parametrize(
    "said", ["", "你好", "I feel fine", "高压一百三十八", "we met at ten past eight", "血糖", "1234567", "电话 13800138000"]
)
def test_what_is_no_reading_is_not_heard(said: str) -> None:
    assert heard(said) == []


def test_two_readings_in_one_breath() -> None:
    found = heard("高压138低压86，空腹血糖5.6")
    assert [one.kind for one in found] == ["bp", "glucose"]
