// What is typed into a logging form, checked on the phone: the open page and the page without network do it alike.
import { boxes } from "./keypad";
import { danger, filled, impossible, kindOf, unitOf, unlikely, type Danger, type Earlier, type Impossible, type Known, type Typed } from "./judge";
import { around, language, maybe, one } from "./page";

export const form = () => maybe<HTMLFormElement>("form#log");
export const known = () => JSON.parse(one("#known").textContent ?? "") as Known;
export const hidden = (at: HTMLFormElement, name: string) => one<HTMLInputElement>(`input[name="${name}"]`, at);
const number = (box: HTMLInputElement) => Number(box.value.trim().replace(/[,。．]/g, "."));

function problem(box: HTMLInputElement, words: string): void {
  const place = document.getElementById(`problem-${box.name}`);
  box.toggleAttribute("aria-invalid", words !== "");
  if (words) box.setAttribute("aria-invalid", "true");
  if (!place) return;
  place.hidden = words === "";
  one("span", place).textContent = words;
}

/** The readings in the boxes, one a kind; null as long as a box is empty or no number (its own words say so). */
export function typed(at: HTMLFormElement): Typed[] | null {
  const found = new Map<string, Typed>();
  for (const box of boxes()) {
    problem(box, "");
    if (box.value.trim() === "" && !box.required) continue;
    if (box.value.trim() === "" || Number.isNaN(number(box))) {
      problem(box, at.dataset.number ?? "");
      box.focus();
      return null;
    }
    const { kind = "", unit = "", second } = box.dataset;
    const reading = found.get(kind) ?? { kind, unit, value: Number.NaN };
    reading[second === undefined ? "value" : "value2"] = number(box);
    const meal = new FormData(at).get("meal");
    if (meal && kind === "glucose") reading.context = { meal: String(meal) };
    found.set(kind, reading);
  }
  return [...found.values()];
}

function sayImpossible(at: HTMLFormElement, facts: Known, reading: Typed, wrong: Impossible): void {
  const box = boxes().find((each) => each.dataset.kind === reading.kind && (each.dataset.second !== undefined) === wrong.second);
  if (!box) return;
  const range = at.dataset.range ?? "";
  const words = wrong.below
    ? (at.dataset.below ?? "")
    : range
        .replace("{kind}", kindOf(facts, reading.kind).name[language()] ?? "")
        .replace("{low}", wrong.low)
        .replace("{high}", wrong.high)
        .replace("{unit}", unitOf(facts, reading).word);
  problem(box, words);
  box.focus();
  box.select();
}

export const figure = (reading: { value: number; value2?: number }) =>
  reading.value2 === undefined ? `${reading.value}` : `${reading.value}/${reading.value2}`;

function ask(at: HTMLFormElement, reading: Typed): void {
  const dialog = one<HTMLDialogElement>("#really");
  one("[data-figure]", dialog).textContent = figure(reading);
  dialog.showModal();
  dialog.onclick = ({ target }) => {
    if (around(target, "[data-yes]")) {
      at.dataset.sure = JSON.stringify(reading);
      dialog.close();
      at.requestSubmit();
    } else if (around(target, "[data-no]")) {
      dialog.close();
      boxes()
        .find((box) => box.dataset.kind === reading.kind)
        ?.select();
    }
  };
}

/** Fills a place made for it (`[data-danger]`) with what to do now. */
export function sayDanger(place: HTMLElement, facts: Known, reading: Typed, found: Danger): void {
  const title = one("[data-danger-title]", place);
  const now = "act" in found;
  title.textContent = (now ? title.dataset.act : title.dataset.ask) ?? "";
  one(".todo", place).textContent = filled((now ? found.act : found.ask)[language()] ?? "", facts, reading);
  one("a.red", place).hidden = !(now && ["red", "urgent"].includes(found.severity));
  place.hidden = false;
}

/** The worst of what was typed: what must be done comes before what must be measured again. */
export function worst(facts: Known, readings: readonly Typed[], more: (kind: string) => readonly Earlier[]): [Typed, Danger] | null {
  const found = readings.flatMap((reading): [Typed, Danger][] => {
    const told = danger(facts, reading, Date.now(), more(reading.kind));
    return told ? [[reading, told]] : [];
  });
  return found.find(([, told]) => "act" in told) ?? found[0] ?? null;
}

/** True where the form may be sent or kept; otherwise the page has said what is wrong, or asks. */
export function mayGo(at: HTMLFormElement, facts: Known): boolean {
  const readings = typed(at);
  if (readings === null) return false;
  for (const reading of readings) {
    const wrong = impossible(facts, reading);
    if (wrong) {
      sayImpossible(at, facts, reading, wrong);
      return false;
    }
  }
  const odd = readings.find((reading) => unlikely(facts, reading));
  if (odd && at.dataset.sure !== JSON.stringify(odd)) {
    ask(at, odd);
    return false;
  }
  return true;
}

/** The last value is shown in the unit she types in; what she typed is left alone. */
export function changeUnit(at: HTMLFormElement, unit: string): void {
  const facts = known();
  for (const box of boxes().filter((each) => each.dataset.kind === at.dataset.what)) {
    const kind = box.dataset.kind ?? "";
    const was = unitOf(facts, { kind, unit: box.dataset.unit ?? "" });
    const now = unitOf(facts, { kind, unit });
    if (box.placeholder) box.placeholder = ((Number(box.placeholder) * was.factor + was.offset - now.offset) / now.factor).toFixed(now.digits);
    box.dataset.unit = unit;
    const field = around(box, ".field");
    if (field) one("[data-unit-word]", field).textContent = now.word;
  }
}

export function countDown(shown: HTMLElement, seconds: number): void {
  const end = Date.now() + 1_000 * seconds;
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1_000));
    shown.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left > 0 && shown.isConnected) setTimeout(tick, 250);
  };
  tick();
}
