// The logging page: digits in, checked on the phone before they are sent; what is dangerous is said at once, network or not,
// and what the network does not take is kept.
import { arrange } from "./lib/keypad";
import { changeUnit, countDown, form, hidden, known, mayGo, sayDanger, typed, worst } from "./lib/check";
import { keepable, keepOnPhone } from "./lib/keep";
import { all, around, maybe, one } from "./lib/page";
import { padOf } from "./lib/store";

export { danger } from "./lib/judge"; // the tests ask the open page for it

// Before htmx hears of it.
document.addEventListener(
  "submit",
  (event) => {
    const at = form();
    if (!at || event.target !== at) return;
    const facts = known();
    if (!mayGo(at, facts)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const found = worst(facts, typed(at) ?? [], () => []);
    if (found) sayDanger(one("[data-danger]", at), facts, ...found);
    hidden(at, "key").value ||= crypto.randomUUID?.() ?? "";
    hidden(at, "moment").value ||= new Date().toISOString();
  },
  true,
);

// The network went while the page stood open: the answer may be lost or the question, and the key makes both the same.
document.body.addEventListener("htmx:sendError", async (event) => {
  const at = form();
  const user = document.body.dataset.user;
  if (!at || event.target !== at || !user || !keepable(at)) return;
  const pad = await padOf(user, at.dataset.patient ?? "");
  await keepOnPhone(at, known(), user, pad?.phone ?? "");
});

document.addEventListener("click", ({ target }) => {
  if (around(target, "[data-once-more]")) window.location.reload();
});

// Another figure is another reading; the same one sent again after a lost answer is not.
document.addEventListener("input", ({ target }) => {
  const at = form();
  if (!at || !(target instanceof HTMLInputElement) || !at.contains(target)) return;
  hidden(at, "key").value = hidden(at, "moment").value = "";
  if (target.name === "unit") changeUnit(at, target.value);
});

function arrived(): void {
  all("[data-repeat]:not([data-counting])").forEach((place) => {
    place.dataset.counting = "yes";
    countDown(one("[data-countdown]", place), Number(place.dataset.repeat));
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
