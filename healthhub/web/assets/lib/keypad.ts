// Our own digits under the boxes: the phone's keyboard never opens, the eye stays on the numbers, and a hardware keyboard works as well.

import { all, around, maybe } from "./page";

export const boxes = () => all<HTMLInputElement>("#log input[data-next]");

/** The last box that was touched: pressing a digit must not need the focus. */
let current: HTMLInputElement | null = null;

function goTo(box: HTMLInputElement): void {
  current = box;
  box.focus({ preventScroll: true });
  boxes().forEach((one) => one.toggleAttribute("data-current", one === box));
}

/** A box is full: three digits, or two that cannot begin a third (a systolic from 40, a diastolic or pulse from 31). */
function full(box: HTMLInputElement): boolean {
  return /^\d{3}$/.test(box.value) || (box.dataset.second === undefined ? /^[4-9]\d$/ : /^(3[1-9]|[4-9]\d)$/).test(box.value);
}

function jump(box: HTMLInputElement): void {
  if (box.dataset.next !== "bp" || !full(box)) return;
  const next = boxes()[boxes().indexOf(box) + 1];
  if (next && next.value === "") goTo(next);
}

function press(button: HTMLButtonElement): void {
  const box = current?.isConnected ? current : boxes()[0];
  if (!box) return;
  if (button.value === "back") {
    const before = boxes()[boxes().indexOf(box) - 1];
    if (box.value === "" && before) return goTo(before);
    box.value = box.value.slice(0, -1);
  } else if (button.value !== "." || !box.value.includes(".")) {
    box.value = (box.value + button.value).slice(0, box.maxLength);
  }
  box.dispatchEvent(new Event("input", { bubbles: true }));
  if (document.activeElement !== box && !button.matches(":focus-visible")) goTo(current?.isConnected ? current : box);
}

export function arrange(): void {
  const pad = maybe("#log [data-pad]");
  if (!pad || !pad.hasAttribute("hidden")) return;
  pad.removeAttribute("hidden");
  const whole = boxes().every((box) => box.inputMode === "numeric");
  maybe("[value='.']", pad)?.toggleAttribute("disabled", whole);
  boxes().forEach((box) => {
    box.inputMode = "none";
  });
  const first = boxes().find((box) => box.getAttribute("aria-invalid")) ?? boxes().find((box) => box.value === "") ?? boxes()[0];
  if (first) goTo(first);
}

document.addEventListener("input", ({ target }) => {
  if (target instanceof HTMLInputElement && target.dataset.next) jump(target);
});
document.addEventListener("focusin", ({ target }) => {
  if (target instanceof HTMLInputElement && target.dataset.next) goTo(target);
});
document.addEventListener("keydown", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || box.dataset.next !== "bp" || event.key !== "Backspace" || box.value !== "") return;
  const before = boxes()[boxes().indexOf(box) - 1];
  if (before) {
    goTo(before);
    event.preventDefault();
  }
});
// A press must not take the focus from the box: no flicker, and a screen reader stays where it is.
document.addEventListener("pointerdown", (event) => {
  if (around(event.target, "[data-pad] button")) event.preventDefault();
});
document.addEventListener("click", ({ target }) => {
  const button = around<HTMLButtonElement>(target, "[data-pad] button");
  if (button) press(button);
});
