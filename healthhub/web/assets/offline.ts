// The page without network. It knows nobody by itself: what she needs to log lies in this phone's store since her last good visit.
import { arrange } from "./lib/keypad";
import { changeUnit, form, hidden, mayGo } from "./lib/check";
import { keepable, keepOnPhone } from "./lib/keep";
import { send, session, standing, whenTold, type Sent } from "./lib/outbox";
import { all, around, maybe, one } from "./lib/page";
import { fact, forget, padsOf, type Pad, type Waiting } from "./lib/store";

const words = one("#words").dataset;
let pads: Pad[] = [];
let user = "";
let current: { pad: Pad; what: string } | null = null;

/** The number of her care team stays in its place, without network too. */
function showTeam(): void {
  const phone = pads.find((pad) => pad.phone !== "")?.phone ?? "";
  one("#team").hidden = phone === "";
  one<HTMLAnchorElement>("#team").href = `tel:${phone}`;
}

/** The forms of a kept pad are the server's own; what cannot be kept without it is left out. */
function formOf(html: string): HTMLFormElement | null {
  const place = document.createElement("template");
  place.innerHTML = html;
  return maybe<HTMLFormElement>("form", place.content);
}

function open(pad: Pad, what: string): void {
  const kind = pad.kinds.find((one) => one.what === what);
  const at = kind && formOf(kind.form);
  if (!kind || !at) return;
  current = { pad, what };
  one("#known", at).textContent = JSON.stringify(pad.known);
  for (const name of at.getAttributeNames().filter((name) => name.startsWith("hx-"))) at.removeAttribute(name);
  one("#place").replaceChildren(at);
  one("#choose").hidden = true;
  one("#no-network").hidden = true;
  arrange();
  window.scrollTo(0, 0);
}

function offer(): void {
  const place = one("#choose");
  all("section", place).forEach((part) => part.remove());
  for (const pad of pads) {
    const person = one<HTMLTemplateElement>("#person").content.cloneNode(true) as DocumentFragment;
    one("[data-name]", person).textContent = pad.name;
    one("[data-name]", person).hidden = pad.name === "";
    for (const { what, name, drawing, form: html } of pad.kinds) {
      const at = formOf(html);
      if (!at || !keepable(at)) continue;
      const tile = one<HTMLTemplateElement>("#tile").content.cloneNode(true) as DocumentFragment;
      const link = one<HTMLAnchorElement>("a", tile);
      link.innerHTML = drawing;
      link.append(name);
      link.addEventListener("click", (event) => {
        event.preventDefault();
        open(pad, what);
      });
      one("ul", person).append(tile);
    }
    place.append(person);
  }
  place.hidden = pads.length === 0;
}

/** She wanted a logging page and the network failed: that form opens at once. */
function openWanted(): void {
  const [, people, patient, log, what] = window.location.pathname.split("/");
  const pad = people === "people" && log === "log" ? pads.find((each) => each.patient === patient) : undefined;
  if (pad && what) open(pad, what);
}

function line(entry: Waiting): DocumentFragment {
  const made = one<HTMLTemplateElement>("#entry").content.cloneNode(true) as DocumentFragment;
  const at = new Date(entry.reading.at);
  one("[data-what]", made).textContent = entry.what;
  one("[data-when]", made).textContent = at.toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  const why: Record<string, string | undefined> = {
    outside_consent: words.outsideConsent,
    impossible_value: words.impossibleValue,
    not_visible: words.notVisible,
  };
  const place = one("[data-why]", made);
  place.textContent = entry.refused === undefined ? (words.waits ?? "") : (why[entry.refused] ?? words.other ?? "");
  place.className = entry.refused === undefined ? "soft" : "note bad";
  const away = one("[data-dismiss]", made);
  away.hidden = entry.refused === undefined;
  away.addEventListener("click", () => void forget(entry.id).then(list));
  return made;
}

async function list(): Promise<void> {
  const { waiting, refused, others } = await standing(user);
  const place = one("[data-list]");
  place.replaceChildren(...[...refused, ...waiting].map(line));
  if (others) {
    const note = document.createElement("li");
    note.className = "soft";
    note.textContent = `${others} · ${words.others}`;
    place.append(note);
  }
  one("[data-none]").hidden = waiting.length + refused.length + others > 0;
  one("#send").hidden = waiting.length === 0;
  one("#waiting-list").hidden = false;
}

async function told(done: Sent | null): Promise<void> {
  await list();
  if (done?.signedOut) window.location.assign(`/accounts/login/?next=${encodeURIComponent("/offline")}`);
  for (const what of done?.corrected ?? []) {
    const note = document.createElement("p");
    note.className = "note";
    note.textContent = `${what}: ${words.corrected}`;
    one("#waiting-list").append(note);
  }
}

/** In her language and letters, whatever the kept page was made in. */
async function wear(): Promise<void> {
  document.documentElement.dataset.type = (await fact("type")) ?? "normal";
}

async function begin(): Promise<void> {
  await wear();
  const reached = await session();
  user = reached?.user ?? (reached ? "" : ((await fact("user")) ?? ""));
  pads = reached ? [] : await padsOf(user);
  one("#no-network").hidden = reached !== null;
  one("[data-can]").hidden = pads.length === 0;
  one("[data-cannot]").hidden = pads.length > 0;
  offer();
  showTeam();
  openWanted();
  await list();
}

document.addEventListener("submit", (event) => {
  const at = form();
  if (!at || event.target !== at || !current) return;
  event.preventDefault();
  const { pad } = current;
  if (!mayGo(at, pad.known)) return;
  void keepOnPhone(at, pad.known, user, pad.phone).then(list);
});
document.addEventListener("input", ({ target }) => {
  const at = form();
  if (!at || !(target instanceof HTMLInputElement) || !at.contains(target)) return;
  hidden(at, "key").value = hidden(at, "moment").value = "";
  if (target.name === "unit") changeUnit(at, target.value);
});
document.addEventListener("click", (event) => {
  if (around(event.target, "[data-once-more]") && current) open(current.pad, current.what);
  const away = around<HTMLAnchorElement>(event.target, "#log a.button:not([href^='tel:'])");
  if (away) {
    // Back to the choice; the first page would only fail again.
    event.preventDefault();
    one("#place").replaceChildren();
    one("#choose").hidden = pads.length === 0;
    one("#no-network").hidden = false;
  }
});
one("#retry").addEventListener("click", () => window.location.reload());
one("#send").addEventListener("click", () => void send().then(told));
whenTold(() => void list());
// The network is back: where she wanted to go is fetched, unless she is in the middle of something.
window.addEventListener("online", () => {
  if (!form() && window.location.pathname !== "/offline") window.location.reload();
});
void begin();
