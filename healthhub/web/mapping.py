"""A table of a check-up centre: she says what its columns are; what only its values suggest is asked, and nothing is taken before."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_noop as _n

from healthhub.dialects.checkup import cells, proposal
from healthhub.dialects.checkup.proposal import Proposal, Proposed, Question
from healthhub.lib.refused import Conflict, NotVisible, Refused
from healthhub.people.models import Patient
from healthhub.records.catalogue import BY_KEY, Kind
from healthhub.web import shown
from healthhub.web.mydata import own
from healthhub.web.pages import PageRequest, page
from monitoring import mapped
from monitoring.models import Import

MOST_LEFT_OUT = 40  # columns that mean nothing here and can still be given a meaning
LEFT_OUT, UNSAID = "-", ""
ANSWERS = {"date": "day", "order": "order", "person": "person"}  # a question's field, and that of its answer
PARTS = {1: _n("upper (systolic)"), 2: _n("lower (diastolic)")}
Option = tuple[str, str, bool]  # value, words, chosen


@dataclass(slots=True)
class Line:
    """One column or item: what it is said to be, and the units to choose from where that is asked."""

    number: int
    column: Proposed
    meaning: str  # kind, or kind:part; LEFT_OUT; UNSAID where it is asked
    unit: str | None = None
    sure: bool = True
    options: list[Option] = field(default_factory=list)
    kinds: list[Option] = field(default_factory=list)  # where only a few may be meant
    problem: str = ""

    @property
    def unit_words(self) -> str:
        return shown.unit_words(self.unit) if self.unit else ""


@dataclass(slots=True)
class Form:
    """The page as it is shown: first as proposed, then as she filled it in."""

    found: Proposal
    lines: list[Line]
    typed: dict[str, str]
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def taken(self) -> list[Line]:
        return [line for line in self.lines if line.meaning != LEFT_OUT or line.column.kind]

    @property
    def others(self) -> list[Line]:
        return [line for line in self.lines if line.meaning == LEFT_OUT and not line.column.kind][:MOST_LEFT_OUT]

    @property
    def wrong(self) -> bool:
        return bool(self.problems) or any(line.problem for line in self.lines)


@page("patient", methods=("GET", "POST"))
def mapping(request: PageRequest, patient_id: UUID, import_id: UUID) -> HttpResponse:
    """This function will show what a table seems to hold, ask what is not sure, and take in what she says."""
    patient, visit = own(request, patient_id, "export"), request.visit
    try:
        row = _hers(request, patient, import_id)
    except Conflict:
        return redirect("my_imports", patient.id)
    found = mapped.propose(row, by=visit.viewer, now=visit.now)
    form = _form(found, request)
    if request.method != "POST":
        return _page(request, patient, row, form)
    told = _told(form)
    if form.wrong:
        return _page(request, patient, row, form, status=422)
    try:
        mapped.confirm(row.id, told=told, by=visit.viewer, now=visit.now)
    except Refused as refused:
        form.problems["all"] = gettext(refused.sentence)
        return _page(request, patient, row, form, status=422 if refused.status == 400 else refused.status)
    return redirect("my_imports", patient.id)


@page("patient", methods=("POST",))
def discard(request: PageRequest, patient_id: UUID, import_id: UUID) -> HttpResponse:
    """This function will delete a table that waits; nothing of it was added."""
    patient, visit = own(request, patient_id, "export"), request.visit
    with suppress(Conflict):  # it was taken in or is gone already: the list tells
        mapped.discard(_hers(request, patient, import_id).id, by=visit.viewer, now=visit.now)
    return redirect("my_imports", patient.id)


def _hers(request: PageRequest, patient: Patient, import_id: UUID) -> Import:
    row = mapped.waiting(import_id, by=request.visit.viewer, now=request.visit.now)
    if row.patient_id != patient.id:
        raise NotVisible
    return row


def _form(found: Proposal, request: PageRequest) -> Form:
    asked = {(one.field, one.place): one for one in found.questions}
    lines = []
    for number, column in enumerate(found.columns):
        few = asked.get(("kind", column.place))
        proposed = UNSAID if few else f"{column.kind}:{column.part}" if column.kind else LEFT_OUT
        meaning = request.POST.get(f"kind-{number}", proposed)
        line = Line(number, column, meaning if _kind(meaning) or meaning == LEFT_OUT else UNSAID)
        if few:
            line.kinds = [(f"{one}:0", shown.both(BY_KEY[one].name), line.meaning == f"{one}:0") for one in few.options]
        lines.append(line)
    for line in lines:
        _ask_unit(line, lines, request.POST.get(f"unit-{line.number}", ""))
    typed = {name: request.POST.get(name, "").strip() for name in ("day", "order", "person")}
    return Form(found, lines, typed)


def _kind(meaning: str) -> Kind | None:
    return BY_KEY.get(meaning.partition(":")[0])


def _part(meaning: str) -> int:
    return int(part) if (part := meaning.partition(":")[2]) in ("1", "2") else 0


def _ask_unit(line: Line, lines: list[Line], said: str) -> None:
    """The unit, or what to choose it from; a pair's is asked of its upper value alone."""
    kind, part = _kind(line.meaning), _part(line.meaning)
    kind = kind or (BY_KEY.get(line.column.kind) if line.column.kind and line.kinds else None)
    if kind is None or (part == 2 and any(other.meaning == f"{kind.key}:1" for other in lines)):
        return
    line.unit, line.sure = proposal.unit_for(line.column, kind, part)
    if not line.sure:
        options = proposal.options_of(kind)
        line.unit = said if said in options else None
        likely = proposal.likely_unit(line.column, kind)
        line.options = [(unit, _likely(unit, unit == likely), unit == line.unit) for unit in options]


def _likely(unit: str, likely: bool) -> str:
    words = shown.unit_words(unit)
    return gettext("%(unit)s (likely)") % {"unit": words} if likely else words


def _told(form: Form) -> dict[str, Any]:
    """The mapping as she says it; what is missing becomes a problem beside its field."""
    columns = [told for line in form.lines if line.meaning != LEFT_OUT and (told := _column(line))]
    answers = {question.field: _answer(form, question) for question in form.found.questions if question.field in ANSWERS}
    if not columns and not form.wrong:
        form.problems["all"] = gettext("Say of at least one column what it is.")
    return form.found.mapping | {"columns": columns} | {ANSWERS[name]: answer for name, answer in answers.items()}


def _column(line: Line) -> dict[str, Any] | None:
    kind = _kind(line.meaning)
    if kind is None:
        line.problem = gettext("Choose what it is.")
    elif not line.sure and line.unit is None:
        line.problem = gettext("Choose the unit.")
    else:
        return {"place": line.column.place, "kind": kind.key, "part": _part(line.meaning), "unit": line.unit}
    return None


def _answer(form: Form, question: Question) -> str | None:
    name = ANSWERS[question.field]
    typed = form.typed[name]
    if name == "day" and not _day(typed):
        form.problems[name] = gettext("Give the date of the check-up.")
    elif name != "day" and typed not in question.options:
        form.problems[name] = gettext("Choose one.")
    return typed


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _page(request: PageRequest, patient: Patient, row: Import, form: Form, status: int = 200) -> HttpResponse:
    asked = {question.field: question for question in form.found.questions}
    context = {
        "patient": patient,
        "row": row,
        "form": form,
        "groups": _groups(),
        "asks_day": "date" in asked,
        "orders": _orders(next(iter(asked["order"].samples), ""), form.typed["order"]) if "order" in asked else [],
        "people": [(name, name == form.typed["person"]) for name in asked["person"].options] if "person" in asked else [],
        "preview": list(zip(form.found.lines, form.found.preview, strict=True)),
        "today": request.visit.now.astimezone(request.visit.zone).date(),
        "left_out": [line.column.name for line in form.others],
    }
    return render(request, "hh/my_import_mapping.html", context, status=status)


def _orders(sample: str, chosen: str) -> list[Option]:
    """One of the table's dates, read both ways."""
    first, second, year = cells.year_last(sample) or (1, 1, 2000)
    days = (("dmy", date(year, second, first)), ("mdy", date(year, first, second)))
    return [(code, f"{sample} = {date_format(day, 'DATE_FORMAT')}", code == chosen) for code, day in days]


def _groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """The kinds one may choose from, by class, in the reader's language."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for kind in BY_KEY.values():
        if kind.codes:
            continue
        name = shown.both(kind.name)
        found = groups.setdefault(shown.class_words(kind.data_class), [])
        found.append((f"{kind.key}:0", name))
        if kind.components == 2:
            found += [(f"{kind.key}:{part}", f"{name}: {gettext(words)}") for part, words in PARTS.items()]
    return list(groups.items())
