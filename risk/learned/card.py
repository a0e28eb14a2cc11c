"""The model card, in Chinese and English, made from the run that made the model: nothing in it is typed by hand twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from risk.learned.inputs import GROUPS, Feature
from risk.learned.report import Report, grid
from risk.scores.words import Words, words

TITLES: Mapping[str, Words] = {
    "what": words("它回答什么", "What it answers"),
    "data": words("训练数据", "Trained on"),
    "not_for": words("不适用的人群", "Whom it does not cover"),
    "inputs": words("输入", "Inputs"),
    "figures": words("表现", "Figures"),
    "limits": words("局限", "Limits"),
    "use": words("如何使用", "How it is used"),
    "columns": words("名称 | 单位 | 组 | 单调 | 训练范围", "Input | unit | group | monotone | trained range"),
}
LANGUAGES = ("zh-hans", "en")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What only a person can say of a model; everything else on the card is measured."""

    name: Words
    what: Words
    data: Words
    not_for: Words
    limits: tuple[Words, ...]
    use: Words


def write(folder: Path, about: About, features: Sequence[Feature], meta: Mapping[str, Any], report: Report) -> None:
    """This function will write card.zh-hans.md and card.en.md."""
    for language in LANGUAGES:
        (folder / f"card.{language}.md").write_text(text(about, features, meta, report, language), encoding="utf-8")


def text(about: About, features: Sequence[Feature], meta: Mapping[str, Any], report: Report, language: str) -> str:
    """This function will give the card as Markdown in one language."""
    title = {key: each[language] for key, each in TITLES.items()}
    trained = {one["name"]: one for one in meta["features"]}
    rows = [[cell.strip() for cell in title["columns"].split("|")]]
    for one in features:
        span = trained[one.name]
        sign = {1: "+", -1: "-", 0: ""}[one.monotone]
        rows.append([one.label[language], one.unit, GROUPS[one.group][language], sign, f"{span['low']:g} - {span['high']:g}"])
    data = "\n".join(f"- {one['name']}: {one['rows']:,} x {one['columns']}, sha256 {one['sha256'][:16]}..." for one in meta["data"])
    parts = [
        f"# {about.name[language]} ({report.model} {report.version})",
        f"## {title['what']}\n{about.what[language]}",
        f"## {title['data']}\n{about.data[language]}\n\n{data}",
        f"## {title['not_for']}\n{about.not_for[language]}",
        f"## {title['figures']}\n```text\n{report.as_text()}\n```",
        f"## {title['inputs']}\n```text\n{grid(rows)}\n```",
        f"## {title['limits']}\n" + "\n".join(f"- {one[language]}" for one in about.limits),
        f"## {title['use']}\n{about.use[language]}",
    ]
    return "\n\n".join(parts) + "\n"
