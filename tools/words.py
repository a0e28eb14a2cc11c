"""Keep the Chinese catalogue complete: find every sentence of the code and the templates, and say which has no Chinese.

`python tools/words.py` lists what is missing and what nobody uses any more, and fails if anything is. With `--write` it adds the
missing ones, empty, to the catalogue and drops the unused; a person then fills them in. Found are gettext calls, template tags,
and the sentences of refusals (`Invalid("...")`), which are translated when they are shown.
"""

import ast
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import polib
from babel.messages.extract import extract
from django.conf import settings
from django.utils.translation import template

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("healthhub", "monitoring", "risk", "notifications")
CATALOGUE = ROOT / "healthhub/web/locale/zh_Hans/LC_MESSAGES/django.po"
KEYWORDS: dict[str, Any] = {
    "_": None, "_n": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None,
    "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
REFUSALS = {"Refused", "Invalid", "NotVisible", "NotAllowed", "Conflict"}
Message = tuple[str, str, str]  # context, singular, plural ("" where there is none)


def in_source(source: bytes) -> Iterator[Message]:
    """This function will find the gettext calls of Python source, or of a template turned into one."""
    for _, found, _, context in extract("python", io.BytesIO(source), keywords=KEYWORDS, options={"encoding": "utf-8"}):
        words = found if isinstance(found, tuple) else (found,)
        if words[0]:
            yield context or "", words[0], words[1] if len(words) > 1 else ""


def in_refusals(source: str) -> Iterator[Message]:
    """This function will find the plain sentences that refusals carry; a sentence with figures in it stays as it is."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSALS and node.args:
            yield from _text(node.args[0])
        if isinstance(node, ast.ClassDef) and any(
            isinstance(base, ast.Name) and base.id in {*REFUSALS, "Exception"} for base in node.bases
        ):
            for line in node.body:
                if isinstance(line, ast.Assign) and getattr(line.targets[0], "id", "") == "sentence":
                    yield from _text(line.value)


def _text(node: ast.expr) -> Iterator[Message]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield "", node.value, ""


def found() -> set[Message]:
    """This function will give every message of the house."""
    messages: set[Message] = set()
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            source = file.read_text(encoding="utf-8")
            messages.update(in_source(source.encode()))
            messages.update(in_refusals(source))
        for file in sorted((ROOT / package).rglob("templates/**/*.html")):
            # What Django makes of a template is no Python to the letter: its indentation means nothing.
            lines = template.templatize(file.read_text(encoding="utf-8")).splitlines()
            messages.update(in_source("\n".join(line.lstrip() for line in lines).encode()))
    return messages


def catalogue() -> dict[Message, polib.POEntry]:
    """This function will give the catalogue's entries by message."""
    return {
        (entry.msgctxt or "", entry.msgid, entry.msgid_plural or ""): entry for entry in polib.pofile(str(CATALOGUE)) if not entry.obsolete
    }


def has_chinese(entry: polib.POEntry) -> bool:
    return bool(entry.msgstr or (entry.msgstr_plural and all(entry.msgstr_plural.values()))) and "fuzzy" not in entry.flags


def missing() -> list[Message]:
    """This function will give the messages without Chinese."""
    known = catalogue()
    return sorted(message for message in found() if message not in known or not has_chinese(known[message]))


def unused() -> list[Message]:
    """This function will give the entries that nothing says any more."""
    return sorted(set(catalogue()) - found())


def write() -> None:
    """This function will add what is missing, empty, and drop what is unused."""
    book = polib.pofile(str(CATALOGUE))
    kept, dropped = catalogue(), set(unused())
    book[:] = [entry for entry in book if (entry.msgctxt or "", entry.msgid, entry.msgid_plural or "") not in dropped]
    for context, words, plural in missing():
        if (context, words, plural) not in kept:
            entry = polib.POEntry(msgid=words, msgctxt=context or None, msgstr="")
            if plural:
                entry.msgid_plural, entry.msgstr_plural = plural, {0: ""}
            book.append(entry)
    book.save()


def main() -> int:
    settings.configure(USE_I18N=True)
    django.setup()
    if "--write" in sys.argv[1:]:
        write()
    for words in missing():
        print("no Chinese:", words)
    for words in unused():
        print("unused:", words)
    return 1 if missing() or unused() else 0


if __name__ == "__main__":
    sys.exit(main())
