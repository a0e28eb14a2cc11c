// The logging page: digits in, checked on the phone before they are sent; what is dangerous is said at once, network or not.
import { arrange, boxes } from "./keypad.js";
import { danger, filled, impossible, unlikely } from "./judge.js";

const form = () => /** @type {HTMLFormElement | null} */ (document.querySelector("form#log"));
const known = () => JSON.parse(document.getElementById("known")?.textContent ?? "null");
const language = document.documentElement.lang.startsWith("zh") ? "zh-hans" : "en";
const number = (box) => Number(box.value.trim().replace(/[,。．]/g, "."));

function problem(box, words) {
  const place = document.getElementById(`problem-${box.name}`);
  box.toggleAttribute("aria-invalid", words !== "");
  if (words) box.setAttribute("aria-invalid", "true");
  if (!place) return;
  place.hidden = words === "";
  place.querySelector("span").textContent = words;
}

/** The readings in the boxes, by kind; null as long as a box is empty or no number (its own words say so). */
export function typed(at) {
  /** @type {Map<string, any>} */
  const found = new Map();
  for (const box of boxes()) {
    problem(box, "");
    if (box.value.trim() === "" && !box.required) continue;
    if (box.value.trim() === "" || Number.isNaN(number(box))) {
      problem(box, at.dataset.number);
      box.focus();
      return null;
    }
    const one = found.get(box.dataset.kind) ?? { kind: box.dataset.kind, unit: box.dataset.unit };
    one[box.dataset.second === undefined ? "value" : "value2"] = number(box);
    const meal = new FormData(at).get("meal");
    if (meal && box.dataset.kind === "glucose") one.context = { meal: String(meal) };
    found.set(box.dataset.kind, one);
  }
  return [...found.values()];
}

function sayImpossible(at, facts, one, wrong) {
  const box = boxes().find((each) => each.dataset.kind === one.kind && (each.dataset.second !== undefined) === wrong.second);
  const words = wrong.below
    ? at.dataset.below
    : at.dataset.range.replace("{kind}", facts.kinds[one.kind].name[language]).replace("{low}", wrong.low).replace("{high}", wrong.high).replace("{unit}", facts.kinds[one.kind].units[one.unit].word);
  problem(box, words);
  box.focus();
  box.select();
}

function ask(at, one) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("really"));
  dialog.querySelector("[data-figure]").textContent = one.value2 === undefined ? `${one.value}` : `${one.value}/${one.value2}`;
  dialog.showModal();
  dialog.onclick = ({ target }) => {
    if (!(target instanceof HTMLElement)) return;
    if (target.closest("[data-yes]")) {
      at.dataset.sure = JSON.stringify(one);
      dialog.close();
      at.requestSubmit();
    } else if (target.closest("[data-no]")) {
      dialog.close();
      boxes().find((box) => box.dataset.kind === one.kind)?.select();
    }
  };
}

function sayDanger(at, facts, one, found) {
  const place = at.querySelector("[data-danger]");
  const title = place.querySelector("[data-danger-title]");
  title.textContent = found.act ? title.dataset.act : title.dataset.ask;
  place.querySelector(".todo").textContent = filled((found.act ?? found.ask)[language], facts, one);
  place.querySelector("a").hidden = !["red", "urgent"].includes(found.severity ?? "");
  place.hidden = false;
}

/** True where the form may be sent; otherwise the page has said what is wrong, or asks. */
function mayGo(at, facts) {
  const all = typed(at);
  if (all === null) return false;
  for (const one of all) {
    const wrong = impossible(facts, one);
    if (wrong) {
      sayImpossible(at, facts, one, wrong);
      return false;
    }
  }
  const odd = all.find((one) => unlikely(facts, one));
  if (odd && at.dataset.sure !== JSON.stringify(odd)) {
    ask(at, odd);
    return false;
  }
  for (const one of all) {
    const found = danger(facts, one);
    if (found) sayDanger(at, facts, one, found);
  }
  return true;
}

// Before htmx hears of it.
document.addEventListener("submit", (event) => {
  const at = form();
  if (!at || event.target !== at) return;
  if (!mayGo(at, known())) {
    event.preventDefault();
    event.stopPropagation();
    return;
  }
  at.elements.key.value ||= crypto.randomUUID?.() ?? "";
  at.elements.moment.value ||= new Date().toISOString();
}, true);

// Another figure is another reading; the same one sent again after a lost answer is not.
document.addEventListener("input", ({ target }) => {
  const at = form();
  if (!at || !(target instanceof HTMLInputElement) || !at.contains(target)) return;
  at.elements.key.value = at.elements.moment.value = "";
  if (target.name !== "unit") return;
  const facts = known();
  for (const box of boxes().filter((each) => each.dataset.kind === at.dataset.what)) {
    const [was, now] = [box.dataset.unit, target.value].map((unit) => facts.kinds[box.dataset.kind].units[unit]);
    // The last value is shown in the unit she types in; what she typed is left alone.
    if (box.placeholder) box.placeholder = ((Number(box.placeholder) * was.factor + was.offset - now.offset) / now.factor).toFixed(now.digits);
    box.dataset.unit = target.value;
    box.closest(".field").querySelector("[data-unit-word]").textContent = now.word;
  }
});

function countDown(place) {
  const end = Date.now() + 1_000 * Number(place.dataset.repeat);
  const shown = place.querySelector("[data-countdown]");
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1_000));
    shown.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left > 0 && shown.isConnected) setTimeout(tick, 250);
  };
  tick();
}

function arrived() {
  document.querySelectorAll("[data-repeat]:not([data-counting])").forEach((place) => {
    place.dataset.counting = "yes";
    countDown(place);
  });
  arrange();
  document.querySelector("#log [aria-invalid='true']")?.focus();
  const done = document.querySelector("#log[data-focus]");
  if (done) {
    done.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
}

document.body.addEventListener("htmx:afterSettle", arrived);
arrived();
