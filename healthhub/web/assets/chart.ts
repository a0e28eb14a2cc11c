// The patient's page of a clinician: what is new waits in a pill until she asks for it, and the summary goes to the clipboard.
import { around, maybe } from "./lib/page";

const TELLS = new Set(["reading", "alert", "contact"]);
const pill = maybe("#fresh");
let fresh = 0;
let joined = false;

function count(by: number): void {
  const course = maybe("[data-course]");
  if (!pill || !course) return;
  fresh = by === 0 ? 0 : fresh + by;
  pill.hidden = fresh === 0;
  const button = pill.querySelector("button");
  if (button) button.textContent = (pill.dataset.words ?? "").replace("{n}", String(fresh));
}

document.addEventListener("hh:event", (heard) => {
  const event = (heard as CustomEvent<{ type: string; patient?: string }>).detail;
  if (TELLS.has(event.type) && event.patient === maybe("[data-course]")?.dataset.course) count(1);
});

// After a gap in what we heard something may have come; the first "gap" is the page's own beginning.
document.addEventListener("hh:gap", () => {
  if (joined) count(1);
  joined = true;
});

async function copy(button: HTMLElement): Promise<void> {
  const text = maybe(button.dataset.copy ?? "")?.textContent ?? "";
  const said = button.parentElement?.querySelector("[role=status]");
  let words = button.dataset.done ?? "";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    words = button.dataset.failed ?? "";
  }
  if (said) said.textContent = words;
}

document.addEventListener("click", ({ target }) => {
  const button = around(target, "[data-copy]");
  if (button) void copy(button);
  if (!around(target, "#fresh button")) return;
  const course = maybe("[data-course]");
  count(0);
  if (course) window.htmx.trigger(course, "hh:fresh");
  course?.scrollIntoView({ block: "start" });
});
