// Selecting rows of the worklist, the bar that acts on all of them, the search field and the list of keys.
import { all, around, maybe } from "./page";

const selected = new Set<string>();
const boxes = () => all<HTMLInputElement>("input[type=checkbox][form=bulk]");

function tell(): void {
  const words = maybe("#bulk .label");
  if (!words) return;
  const text = (selected.size === 1 ? words.dataset.one : words.dataset.many) ?? "";
  words.textContent = text.replace("{n}", String(selected.size));
}

function select(box: HTMLInputElement): void {
  if (box.checked) selected.add(box.value);
  else selected.delete(box.value);
  tell();
}

/** Rows that were fetched anew are selected as they were; rows that are gone are not selected any more. */
export function keepSelection(): void {
  const here = boxes();
  for (const box of here) box.checked = selected.has(box.value);
  const values = new Set(here.map((box) => box.value));
  for (const value of selected) if (!values.has(value)) selected.delete(value);
  tell();
}

function selectNobody(): void {
  selected.clear();
  keepSelection();
}

/** The keys that belong to the page and not to a row; true when one did something. */
export function keys(key: string): boolean {
  if (key === "/") {
    maybe<HTMLInputElement>("#find")?.select();
    return maybe("#find") !== null;
  }
  if (key === "?") {
    maybe<HTMLDialogElement>("#keys")?.showModal();
    return maybe("#keys") !== null;
  }
  return false;
}

/** The bar below: when it has done its work nobody is selected, and the focus goes back to the rows (`back`). */
export function bulkKeys(back: () => void): void {
  document.addEventListener("change", ({ target }) => {
    const box = around<HTMLInputElement>(target, "input[type=checkbox][form=bulk]");
    if (box) select(box);
  });
  document.addEventListener("click", ({ target }) => {
    if (around(target, "[data-keys]")) keys("?");
    if (around(target, "#bulk [data-none]")) {
      selectNobody();
      back();
    }
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const { elt, successful } = (event as CustomEvent<{ elt: HTMLElement; successful: boolean }>).detail;
    if (elt.id !== "bulk" || !successful) return;
    selectNobody();
    back();
  });
  keepSelectionOnReturn();
}

// A browser that comes back to the page has the boxes checked as they were left.
function keepSelectionOnReturn(): void {
  for (const box of boxes()) if (box.checked) selected.add(box.value);
  tell();
}

// How long is left to take an alert goes on while the page stands open; hours and days are told anew with the row.
setInterval(() => {
  for (const element of all<HTMLTimeElement>("time.left")) {
    const minutes = Math.trunc((Date.parse(element.dateTime) - Date.now()) / 60_000);
    const late = Date.parse(element.dateTime) < Date.now();
    element.classList.toggle("late", late);
    const words = (late ? element.dataset.late : element.dataset.left) ?? "";
    if (Math.abs(minutes) < 120) element.textContent = words.replace("{n}", String(Math.max(Math.abs(minutes), 1)));
  }
}, 20_000);
