"""No sentence without Chinese, and no Chinese with other placeholders than its English."""

import re

from tools import words


def test_every_sentence_has_chinese() -> None:
    assert words.missing() == []
    assert words.unused() == []


def test_placeholders_are_the_same_in_both_languages() -> None:
    holes = re.compile(r"%\(\w+\)s|\{\w+\}")
    for (_, one, many), entry in words.catalogue().items():
        for chinese in [entry.msgstr, *entry.msgstr_plural.values()]:
            if chinese:
                assert set(holes.findall(chinese)) == set(holes.findall(one + many)), one
