// The end of a session that nobody touches: asked for two minutes before, and the page covered when it has come. The server counts too.
import { all, maybe, one } from "./page";
import { session } from "./outbox";

const KEPT = "hh-kept"; // when the server last heard that she is there, by any page of this browser
const WARN = 120_000;

interface Clock {
  limit: number; // milliseconds that the session may lie still
  warn: number; // how long before its end the page asks
  every: number; // how often the server is told that she is there
}

let touched = Date.now();
let kept = Date.now();
let asking = false;
let ended = false;

const stored = () => Number(localStorage.getItem(KEPT) ?? 0);

function heard(): void {
  kept = Date.now();
  localStorage.setItem(KEPT, String(kept));
}

const csrf = () => (JSON.parse(document.body.getAttribute("hx-headers") ?? "{}") as Record<string, string>)["X-CSRFToken"] ?? "";

async function stay(): Promise<void> {
  if (asking) return;
  asking = true;
  const now = await session("POST", csrf());
  asking = false;
  if (now?.user === document.body.dataset.user) heard();
  else if (now) cover();
}

/** Nothing of a person stays on the screen: only the way back in. */
function cover(): void {
  ended = true;
  maybe<HTMLDialogElement>("#idle")?.close();
  for (const part of all("dialog[open]")) (part as HTMLDialogElement).close();
  const sealed = one<HTMLTemplateElement>("#ended").content.cloneNode(true) as DocumentFragment;
  one<HTMLAnchorElement>("a", sealed).href += `?next=${encodeURIComponent(window.location.pathname + window.location.search)}`;
  for (const part of all(".tabs, .bar nav, .bar .out, #toasts, #connection, #waiting")) part.remove();
  document.title = one("h1", sealed).textContent ?? "";
  one("main").replaceChildren(sealed);
  one("main h1").focus();
  document.dispatchEvent(new CustomEvent("hh:ended"));
}

async function look(clock: Clock): Promise<void> {
  if (ended || asking) return;
  kept = Math.max(kept, stored());
  const left = kept + clock.limit - Date.now();
  const dialog = one<HTMLDialogElement>("#idle");
  if (left <= 0) {
    asking = true;
    const now = await session();
    asking = false;
    if (now !== null && now.user === document.body.dataset.user && now.left > 1) kept = Date.now() + now.left * 1_000 - clock.limit;
    else cover();
  } else if (touched > kept && Date.now() - kept >= clock.every && !dialog.open) {
    await stay();
  } else if (left <= clock.warn) {
    if (!dialog.open) dialog.showModal();
    const seconds = Math.ceil(left / 1_000);
    one("[data-left]", dialog).textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  } else if (dialog.open) {
    dialog.close(); // another page of this browser said that she is there
  }
}

export function watchIdle(): void {
  const limit = 1_000 * Number(document.body.dataset.idle);
  const clock = { limit, warn: Math.min(WARN, limit / 2), every: Math.min(60_000, limit / 6) };
  heard(); // the page was just made
  for (const kind of ["pointerdown", "keydown", "wheel", "touchmove"]) {
    document.addEventListener(kind, () => (touched = Date.now()), { passive: true, capture: true });
  }
  const dialog = one<HTMLDialogElement>("#idle");
  one("[data-stay]", dialog).addEventListener("click", () => {
    dialog.close();
    void stay();
  });
  // Escape is an answer as well: somebody is there.
  dialog.addEventListener("cancel", () => void stay());
  setInterval(() => void look(clock), 1_000);
  document.addEventListener("visibilitychange", () => void look(clock));
}
