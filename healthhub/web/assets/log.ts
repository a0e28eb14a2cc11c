// The logging page: digits in, checked on the phone before they are sent; what is dangerous is said at once, network or not.
import { arrange, boxes } from "./lib/keypad";
import { danger, filled, impossible, kindOf, unitOf, unlikely, type Danger, type Impossible, type Known, type Typed } from "./lib/judge";
import { all, around, language, maybe, one } from "./lib/page";

export { danger } from "./lib/judge"; // the tests ask the open page for it

const form = () => maybe<HTMLFormElement>("form#log");
const known = () => JSON.parse(one("#known").textContent ?? "") as Known;
const number = (box: HTMLInputElement) => Number(box.value.trim().replace(/[,。．]/g, "."));
const hidden = (at: HTMLFormElement, name: string) => one<HTMLInputElement>(`input[name="${name}"]`, at);

function problem(box: HTMLInputElement, words: string): void {
  const place = document.getElementById(`problem-${box.name}`);
  box.toggleAttribute("aria-invalid", words !== "");
  if (words) box.setAttribute("aria-invalid", "true");
  if (!place) return;
  place.hidden = words === "";
  one("span", place).textContent = words;
}

/** The readings in the boxes, one a kind; null as long as a box is empty or no number (its own words say so). */
function typed(at: HTMLFormElement): Typed[] | null {
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

function ask(at: HTMLFormElement, reading: Typed): void {
  const dialog = one<HTMLDialogElement>("#really");
  one("[data-figure]", dialog).textContent = reading.value2 === undefined ? `${reading.value}` : `${reading.value}/${reading.value2}`;
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

function sayDanger(at: HTMLFormElement, facts: Known, reading: Typed, found: Danger): void {
  const place = one("[data-danger]", at);
  const title = one("[data-danger-title]", place);
  const now = "act" in found;
  title.textContent = (now ? title.dataset.act : title.dataset.ask) ?? "";
  one(".todo", place).textContent = filled((now ? found.act : found.ask)[language()] ?? "", facts, reading);
  one("a", place).hidden = !(now && ["red", "urgent"].includes(found.severity));
  place.hidden = false;
}

/** True where the form may be sent; otherwise the page has said what is wrong, or asks. */
function mayGo(at: HTMLFormElement, facts: Known): boolean {
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
  for (const reading of readings) {
    const found = danger(facts, reading);
    if (found) sayDanger(at, facts, reading, found);
  }
  return true;
}

// Before htmx hears of it.
document.addEventListener(
  "submit",
  (event) => {
    const at = form();
    if (!at || event.target !== at) return;
    if (!mayGo(at, known())) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    hidden(at, "key").value ||= crypto.randomUUID?.() ?? "";
    hidden(at, "moment").value ||= new Date().toISOString();
  },
  true,
);

// Another figure is another reading; the same one sent again after a lost answer is not.
document.addEventListener("input", ({ target }) => {
  const at = form();
  if (!at || !(target instanceof HTMLInputElement) || !at.contains(target)) return;
  hidden(at, "key").value = hidden(at, "moment").value = "";
  if (target.name === "unit") changeUnit(at, target.value);
});

/** The last value is shown in the unit she types in; what she typed is left alone. */
function changeUnit(at: HTMLFormElement, unit: string): void {
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

function countDown(place: HTMLElement): void {
  const end = Date.now() + 1_000 * Number(place.dataset.repeat);
  const shown = one("[data-countdown]", place);
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1_000));
    shown.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left > 0 && shown.isConnected) setTimeout(tick, 250);
  };
  tick();
}

function arrived(): void {
  all("[data-repeat]:not([data-counting])").forEach((place) => {
    place.dataset.counting = "yes";
    countDown(place);
  });
  arrange();
  maybe("#log [aria-invalid='true']")?.focus();
  const done = maybe("#log[data-focus]");
  if (done) {
    done.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
}

document.body.addEventListener("htmx:afterSettle", arrived);
arrived();
