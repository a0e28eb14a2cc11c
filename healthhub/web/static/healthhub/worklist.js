// The doctor's hand: j/k move, a n s c act on the row in focus, Enter opens it. Rows change in place and never move by themselves;
// what would move is counted in the pill, and one press puts the list in order.
const ORDER = ["red", "urgent", "amber", "watch", "info", "silent", "calm"];
const pill = document.getElementById("changed");
const moved = new Set();
const waiting = new Map();
const remembered = new Map(); // row id -> how it was before it was fetched anew
const list = () => document.querySelector("[data-worklist]");
const rows = () => [...document.querySelectorAll("[data-worklist] > .row[data-patient]")];
const current = () => document.activeElement?.closest("[data-worklist] > .row[data-patient]");
const title = document.title;

function focusRow(row) {
  if (!row) return;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function count() {
  if (!pill) return;
  pill.hidden = moved.size === 0;
  pill.firstElementChild.textContent = pill.dataset.words.replace("{n}", String(moved.size));
  document.title = moved.size ? `(${moved.size}) ${title}` : title;
}

async function inOrder() {
  const was = current()?.dataset.patient;
  await window.htmx.ajax("GET", window.location.pathname, { target: "#rows", select: "#rows", swap: "outerHTML" });
  const first = [...moved].map((id) => document.getElementById(`row-${id}`)).find(Boolean);
  moved.clear();
  count();
  focusRow((was && document.getElementById(`row-${was}`)) || first || rows()[0]);
}

function fetchRow(id) {
  if (waiting.has(id)) return;
  waiting.set(id, setTimeout(() => {
    const row = document.getElementById(`row-${id}`);
    waiting.delete(id);
    if (!row) return;
    if (row.querySelector("form.panel")) fetchRow(id);
    else window.htmx.trigger(row, "hh:refresh");
  }, 300));
}

document.addEventListener("hh:event", ({ detail: event }) => {
  if (!list() || !event.patient) return;
  if (document.getElementById(`row-${event.patient}`)) {
    fetchRow(event.patient);
  } else if (event.type === "alert") {
    moved.add(event.patient);
    count();
  }
});

// After a gap in what we heard: the first hundred are fetched anew; further down, the rows in sight, so that the place is kept.
document.addEventListener("hh:gap", async () => {
  if (!list() || document.querySelector("form.panel")) return;
  if (rows().length > 100) {
    const inSight = (row) => row.getBoundingClientRect().bottom > 0 && row.getBoundingClientRect().top < window.innerHeight;
    rows().filter(inSight).forEach((row) => fetchRow(row.dataset.patient));
    return;
  }
  const was = current()?.id;
  await window.htmx.ajax("GET", window.location.pathname, { target: "#rows", select: "#rows", swap: "outerHTML" });
  if (was) focusRow(document.getElementById(was));
});

// Keep the place: the row in focus stays in focus when it is fetched anew; a row that got worse is counted.
document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const row = detail.target;
  if (!row.matches?.(".row[data-patient], article[data-patient]")) return;
  remembered.set(row.id, { focus: row.contains(document.activeElement), tone: row.dataset.tone });
});
// At the swap itself, not when it has settled: between the two a key would be lost, and a second swap would find no focus to keep.
document.body.addEventListener("htmx:afterSwap", () => {
  for (const [id, was] of remembered) {
    const row = document.getElementById(id);
    remembered.delete(id);
    if (!row) continue;
    if (was.focus) focusRow(row);
    if (was.tone && ORDER.indexOf(row.dataset.tone) < ORDER.indexOf(was.tone)) {
      moved.add(row.dataset.patient);
      count();
    }
  }
});

const NOBODY = "00000000-0000-0000-0000-000000000000";

function close(panel) {
  panel.closest("[data-patient]").querySelectorAll("[data-panel]").forEach((button) => button.setAttribute("aria-expanded", "false"));
  panel.remove();
}

function open(button) {
  const row = button.closest("[data-patient]");
  const wasOpen = button.getAttribute("aria-expanded") === "true";
  row.querySelectorAll("form.panel").forEach(close);
  if (wasOpen) return;
  const panel = document.getElementById(`panel-${button.dataset.panel}`).content.firstElementChild.cloneNode(true);
  const { alert, on } = button.dataset;
  panel.setAttribute("hx-post", panel.getAttribute("hx-post").replace(NOBODY, alert));
  panel.elements.on.value = on;
  for (const field of panel.querySelectorAll("[id], [for]")) {
    for (const name of ["id", "for"]) if (field.hasAttribute(name)) field.setAttribute(name, `${field.getAttribute(name)}-${alert}`);
  }
  row.append(panel);
  window.htmx.process(panel);
  button.setAttribute("aria-expanded", "true");
  panel.querySelector("textarea, input:not([type=hidden]), button").focus();
}

document.addEventListener("click", ({ target }) => {
  if (target.closest("#changed button")) inOrder();
  const opener = target.closest("[data-panel]");
  if (opener) open(opener);
  const cancel = target.closest("[data-cancel]");
  if (cancel) {
    const row = cancel.closest(".row");
    close(cancel.closest("form"));
    focusRow(row);
  }
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const panel = event.target.closest?.("form.panel");
  if (event.key === "Escape" && panel) {
    const row = panel.closest(".row");
    close(panel);
    focusRow(row);
    return;
  }
  if (event.target.matches?.("input, textarea, select")) return;
  const all = rows();
  const row = current();
  if (event.key === "j" || event.key === "k") {
    const at = all.indexOf(row);
    focusRow(all[event.key === "j" ? Math.min(at + 1, all.length - 1) : Math.max(at - 1, 0)]);
    event.preventDefault();
  } else if (event.key === "Enter" && event.target === row) {
    row.querySelector(".who a")?.click();
  } else if (row && ["a", "n", "s", "c"].includes(event.key)) {
    row.querySelector(`[data-key="${event.key}"]`)?.click();
    event.preventDefault();
  }
});
