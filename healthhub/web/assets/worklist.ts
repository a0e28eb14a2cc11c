// The doctor's hand: j/k move, keys act on the row in focus, Enter opens it. Rows change in place and never move by themselves;
// what would move is counted in the pill, and one press puts the list in order. Only an emergency speaks at once, on top.
import { all, around, maybe, one } from "./lib/page";
import { bulkKeys, keepSelection, keys } from "./lib/desk";

const ORDER = ["red", "urgent", "amber", "watch", "info", "silent", "calm"];
const pill = maybe("#changed");
const moved = new Set<string>();
const waiting = new Set<string>();
const remembered = new Map<string, { focus: boolean; tone: string | undefined }>(); // row id -> how it was before it was fetched anew
const list = () => maybe("[data-worklist]");
// On the list a row is a patient; on a patient's page it is one of her open alerts.
const ROW = "[data-worklist] > .row[data-patient], #alerts > article[data-patient]";
const rows = () => all(ROW);
const current = () => around(document.activeElement, ROW);
const rowOf = (patient: string) => document.getElementById(`row-${patient}`);
const title = document.title;
const NOBODY = "00000000-0000-0000-0000-000000000000";

function focusRow(row: HTMLElement | null | undefined): void {
  if (!row) return;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function count(): void {
  if (!pill) return;
  pill.hidden = moved.size === 0;
  const words = (moved.size === 1 ? pill.dataset.one : pill.dataset.many) ?? "";
  if (pill.firstElementChild) pill.firstElementChild.textContent = words.replace("{n}", String(moved.size));
  document.title = moved.size ? `(${moved.size}) ${title}` : title;
}

const fetchRows = () => window.htmx.ajax("GET", window.location.pathname + window.location.search, { target: "#rows", select: "#rows", swap: "outerHTML" });

async function inOrder(): Promise<void> {
  const was = current()?.dataset.patient;
  await fetchRows();
  const first = [...moved].map(rowOf).find(Boolean);
  moved.clear();
  count();
  focusRow((was && rowOf(was)) || first || rows()[0]);
}

function fetchRow(id: string): void {
  if (waiting.has(id)) return;
  waiting.add(id);
  setTimeout(() => {
    const row = rowOf(id);
    waiting.delete(id);
    if (!row) return;
    if (row.querySelector("form.panel")) fetchRow(id);
    else window.htmx.trigger(row, "hh:refresh");
  }, 300);
}

interface Heard {
  type: string;
  patient?: string;
  severity?: string;
  state?: string;
  version?: number;
}

// An emergency that has just come up is said on top, over the page: nothing under the hand moves.
const announced = new Set<string>();
function announce(event: Heard): void {
  const place = maybe("#emergency");
  if (!place || event.type !== "alert" || event.severity !== "red" || !event.patient) return;
  if (event.state !== "open") {
    maybe(`[data-news="${event.patient}"]`, place)?.remove();
    return;
  }
  const row = rowOf(event.patient);
  if (announced.has(event.patient) || row?.dataset.tone === "red") return;
  announced.add(event.patient);
  const path = (place.dataset.from ?? "").replace(NOBODY, event.patient);
  void window.htmx.ajax("GET", `${path}?as=news`, { target: "#emergency", swap: "afterbegin" });
}

document.addEventListener("hh:event", (heard) => {
  const event = (heard as CustomEvent<Heard>).detail;
  if (!list() || !event.patient) return;
  announce(event);
  if (rowOf(event.patient)) {
    fetchRow(event.patient);
  } else if (event.type === "alert") {
    moved.add(event.patient);
    count();
  }
});

// After a gap in what we heard: the first hundred are fetched anew; further down, the rows in sight, so that the place is kept.
document.addEventListener("hh:gap", async () => {
  if (!list() || maybe("form.panel")) return;
  if (rows().length > 100) {
    const inSight = (row: HTMLElement) => row.getBoundingClientRect().bottom > 0 && row.getBoundingClientRect().top < window.innerHeight;
    rows()
      .filter(inSight)
      .forEach((row) => fetchRow(row.dataset.patient ?? ""));
    return;
  }
  const was = current()?.id;
  await fetchRows();
  if (was) focusRow(document.getElementById(was));
});

// Keep the place: the row in focus stays in focus when it is fetched anew; a row that got worse is counted.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const row = (event as CustomEvent<{ target: HTMLElement }>).detail.target;
  if (!row.matches(".row[data-patient], article[data-patient]")) return;
  remembered.set(row.id, { focus: row.contains(document.activeElement), tone: row.dataset.tone });
});
// At the swap itself, not when it has settled: between the two a key would be lost, and a second swap would find no focus to keep.
document.body.addEventListener("htmx:afterSwap", () => {
  keepSelection();
  for (const [id, was] of remembered) {
    const row = document.getElementById(id);
    remembered.delete(id);
    if (!row) continue;
    if (was.focus) focusRow(row);
    if (was.tone && ORDER.indexOf(row.dataset.tone ?? "") < ORDER.indexOf(was.tone)) {
      moved.add(row.dataset.patient ?? "");
      count();
    }
  }
});

function close(panel: HTMLFormElement): void {
  const row = around(panel, "[data-patient]");
  if (row) all("[data-panel]", row).forEach((button) => button.setAttribute("aria-expanded", "false"));
  panel.remove();
}

/** The form of this step, copied from the page's template and made the alert's own. */
function panelFor(step: string, alert: string, on: string): HTMLFormElement {
  const panel = one<HTMLFormElement>("form", one<HTMLTemplateElement>(`#panel-${step}`).content).cloneNode(true) as HTMLFormElement;
  panel.setAttribute("hx-post", (panel.getAttribute("hx-post") ?? "").replace(NOBODY, alert));
  one<HTMLInputElement>("[name='on']", panel).value = on;
  for (const field of all("[id], [for]", panel)) {
    for (const name of ["id", "for"]) if (field.hasAttribute(name)) field.setAttribute(name, `${field.getAttribute(name)}-${alert}`);
  }
  return panel;
}

function open(button: HTMLElement): void {
  const row = around(button, "[data-patient]");
  if (!row) return;
  const wasOpen = button.getAttribute("aria-expanded") === "true";
  all<HTMLFormElement>("form.panel", row).forEach(close);
  if (wasOpen) return;
  const { panel: step = "", alert = "", on = "" } = button.dataset;
  const panel = panelFor(step, alert, on);
  row.append(panel);
  window.htmx.process(panel);
  button.setAttribute("aria-expanded", "true");
  maybe("textarea, input:not([type=hidden]), button", panel)?.focus();
}

function leave(panel: HTMLFormElement): void {
  const row = around(panel, "[data-patient]");
  close(panel);
  focusRow(row);
}

function unfold(button: HTMLElement): void {
  const fold = maybe(".fold", around(button, ".actions") ?? document);
  if (!fold) return;
  fold.hidden = !fold.hidden;
  button.setAttribute("aria-expanded", String(!fold.hidden));
  if (!fold.hidden) maybe("input:not([type=hidden])", fold)?.focus();
}

document.addEventListener("click", ({ target }) => {
  if (around(target, "#changed button")) void inOrder();
  const opener = around(target, "[data-panel]");
  if (opener) open(opener);
  const folding = around(target, "[data-fold]");
  if (folding) unfold(folding);
  around(target, "[data-away]")?.closest("[data-news]")?.remove();
  const panel = around(target, "[data-cancel]") && around<HTMLFormElement>(target, "form");
  if (panel) leave(panel);
});

const ACTS = new Map([["a", "a"], ["n", "n"], ["s", "s"], ["r", "c"], ["c", "c"], ["e", "e"], ["t", "t"], ["x", "x"]]);

function step(by: 1 | -1): void {
  const found = rows();
  const row = current() ?? rowOf(lastRow);
  const at = row ? found.indexOf(row) : -1;
  focusRow(found[Math.min(Math.max(at + by, 0), found.length - 1)]);
}

/** What a key does on a row; true when it did something. */
function act(key: string): boolean {
  const row = current() ?? (list() ? null : rows()[0]); // on her own page the first alert is meant until another has the focus
  const name = ACTS.get(key);
  if (!row || !name) return false;
  maybe(`[data-key="${name}"]`, row)?.click();
  return true;
}

function leaveOnEscape(event: KeyboardEvent): boolean {
  const panel = around<HTMLFormElement>(event.target, "form.panel");
  const row = around(event.target, ROW);
  if (event.key !== "Escape" || !(panel ?? row)) return false;
  if (panel) leave(panel);
  else focusRow(row);
  return true;
}

let lastRow = "";
document.addEventListener("focusin", () => {
  lastRow = current()?.dataset.patient ?? lastRow;
});

/** Ctrl or Command with Enter saves a form that was opened under the hand, from wherever in it. */
function sent(event: KeyboardEvent): boolean {
  const panel = event.key === "Enter" && (event.ctrlKey || event.metaKey) && around<HTMLFormElement>(event.target, "form.panel");
  if (panel) panel.requestSubmit();
  return Boolean(panel);
}

document.addEventListener("keydown", (event) => {
  if (sent(event) || event.ctrlKey || event.metaKey || event.altKey || leaveOnEscape(event)) return;
  if (event.target instanceof Element && event.target.matches("input:not([type=checkbox]), textarea, select")) return;
  if (around(event.target, "dialog")) return;
  if (event.key === "j" || event.key === "k") step(event.key === "j" ? 1 : -1);
  else if (event.key === "Enter" && current() && event.target === current()) maybe(".who a", current() ?? document)?.click();
  else if (event.key === "." && pill && !pill.hidden) void inOrder();
  else if (!keys(event.key) && !act(event.key)) return;
  event.preventDefault();
});

bulkKeys(() => focusRow(rowOf(lastRow) ?? rows()[0]));
