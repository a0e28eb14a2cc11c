"""What a release tells of its models, read from the files beside the artefacts: for processes that do not load models."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from healthhub.lib.refused import NotVisible

HERE = Path(__file__).resolve().parent / "artefacts"


@cache
def released() -> Mapping[str, Mapping[str, Any]]:
    """This function will give what is told of each released model, by key: names, bands, inputs, kinds, figures."""
    files = sorted(HERE.glob("*/about.json"))
    return MappingProxyType({file.parent.name: json.loads(file.read_text(encoding="utf-8")) for file in files})


@cache
def live_by_kind() -> Mapping[str, tuple[str, ...]]:
    """This function will give, by kind of reading, the models that are computed anew when such a reading comes in."""
    found: dict[str, list[str]] = {}
    for key, about in released().items():
        for kind in about["kinds"] if about["live"] else ():
            found.setdefault(kind, []).append(key)
    return MappingProxyType({kind: tuple(keys) for kind, keys in found.items()})


def about(key: str) -> Mapping[str, Any]:
    """This function will give what is told of one model. Raises NotVisible."""
    if key not in released():
        raise NotVisible
    return released()[key]


def card(key: str, language: str) -> str:
    """This function will give a model's card as Markdown. Raises NotVisible."""
    about(key)
    return (HERE / key / f"card.{'zh-hans' if language.startswith('zh') else 'en'}.md").read_text(encoding="utf-8")
