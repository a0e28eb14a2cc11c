"""A language that nobody speaks: every msgid accented, longer and in brackets; a catalogue made for one test and never shipped."""

import re
from pathlib import Path

import polib

from healthhub.config.servers import ROOT

ACCENTED = str.maketrans("aeiounycAEIOUNYC", "áéíóúñýçÁÉÍÓÚÑÝÇ")
KEPT = re.compile(r"(%\(\w+\)[sd]|%[sd%]|\{\w*\}|<[^>]+>|&\w+;)")


def pseudo(text: str) -> str:
    """This function will give a text as the pseudo-language has it, two fifths longer; what is filled in and markup stay."""
    said = "".join(part if KEPT.fullmatch(part) else part.translate(ACCENTED) for part in KEPT.split(text))
    longer = max(1, len(text) * 2 // 5)
    return f"⟦{said}{('~' * 7 + ' ') * (longer // 8)}{'~' * (longer % 8)}⟧" if text.strip(" ,:;.、：") else text


def write(directory: Path) -> None:
    """This function will write the catalogue."""
    words = polib.pofile(str(ROOT / "healthhub/web/locale/zh_Hans/LC_MESSAGES/django.po"))
    made = polib.POFile()
    made.metadata = {"Content-Type": "text/plain; charset=UTF-8", "Plural-Forms": "nplurals=2; plural=(n != 1);"}
    for entry in words:
        plural = {0: pseudo(entry.msgid), 1: pseudo(entry.msgid_plural)} if entry.msgid_plural else {}
        one = polib.POEntry(msgid=entry.msgid, msgctxt=entry.msgctxt, msgid_plural=entry.msgid_plural, msgstr_plural=plural)
        if not plural:
            one.msgstr = pseudo(entry.msgid)
        made.append(one)
    place = directory / "en" / "LC_MESSAGES"
    place.mkdir(parents=True)
    made.save_as_mofile(str(place / "django.mo"))
