// One socket a page. It carries hints only ("alert 17 changed"): the parts of the page that the hint concerns are fetched anew,
// and after every gap all of them are, because a hint that was missed is never sent again.
// docs/sockets.md is the contract of the frames and of the close codes.
import { all, language, maybe, one } from "./lib/page";

interface Notice {
  type: "notice";
  notice: string;
  seq: number;
  patient?: string;
  seen?: boolean;
  severity: string;
  texts: Record<"zh-hans" | "en", { title: string; body: string }>;
}
type Frame = Notice | { type: "hello"; seq: number; patient?: never } | { type: "alert" | "observation" | "consent"; patient?: string };

const banner = one("#connection");
const toasts = one("#toasts");
const SIGN_IN = 4401;
const RIGHTS_CHANGED = 4403;
const SILENCE = 45_000; // two heartbeats and a little: then the connection is dead, whatever the socket says
const GRACE = 3_000;
let socket: WebSocket | null = null;
let again = 0; // the timer of the next try
let over = false; // signed out: nothing more is asked for
let heard = Date.now();
let wait = 500;
let opened = false;
let lastNotice: number | null = null; // the number of the newest notice we know: after a gap the server sends what came after it
const waiting = new Set<string>();
const shown = new Set<string>();

const isOpen = () => socket !== null && socket.readyState === WebSocket.OPEN;
const clock = (at: number) => new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

function busy(part: HTMLElement): boolean {
  // Never take a half-written note or a menu away from under the hand.
  const active = document.activeElement;
  const typing = active !== null && part.contains(active) && active.matches("input, textarea, select");
  return typing || part.querySelector("form.panel") !== null;
}

function refresh(part: HTMLElement, tries = 0): void {
  if (!part.isConnected) return;
  if (busy(part) && tries < 150) {
    setTimeout(() => refresh(part, tries + 1), 2_000);
  } else {
    window.htmx.trigger(part, "hh:refresh");
  }
}

// A burst of readings is one fetch: at most two a second and part, and always one after the last.
function refreshSoon(part: HTMLElement): void {
  const name = part.id;
  if (waiting.has(name)) return;
  waiting.add(name);
  setTimeout(() => {
    waiting.delete(name);
    const now = document.getElementById(name);
    if (now) refresh(now);
  }, 300);
}

function heardOf(event: Frame): void {
  for (const part of all("[data-live]")) {
    const cares = (part.dataset.live ?? "").split(" ").includes(event.type);
    const hers = !part.dataset.livePatient || !event.patient || part.dataset.livePatient === event.patient;
    if (cares && hers) refreshSoon(part);
  }
  document.dispatchEvent(new CustomEvent("hh:event", { detail: event }));
}

// A notice about someone who is not on this page is said in words; about someone who is, the page itself changes.
function sayNotice(notice: Notice): void {
  if (shown.has(notice.notice)) return;
  shown.add(notice.notice);
  const here = !notice.patient || maybe(`[data-live-patient="${notice.patient}"], [data-patient="${notice.patient}"]`);
  if (!here && !notice.seen) {
    const words = notice.texts[language()];
    const toast = Object.assign(document.createElement("div"), { className: `card toast ${notice.severity}` });
    const link = Object.assign(document.createElement("a"), { href: `${toasts.dataset.link}${notice.patient}`, textContent: words.title });
    const body = Object.assign(document.createElement("p"), { textContent: words.body });
    const away = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: "✕" });
    away.setAttribute("aria-label", toasts.dataset.close ?? "");
    away.addEventListener("click", () => toast.remove());
    toast.append(link, away, body);
    toasts.append(toast);
  }
  if (document.visibilityState === "visible" && isOpen()) socket?.send(JSON.stringify({ type: "seen", notice: notice.notice }));
}

function caughtUp(): void {
  all("[data-live]").forEach(refreshSoon);
  document.dispatchEvent(new CustomEvent("hh:gap"));
}

function say(words: string | undefined): void {
  banner.textContent = words ?? "";
  banner.hidden = !words;
}

const sayLost = () => say(banner.dataset.lost?.replace("{time}", clock(heard)));

function later(milliseconds: number): void {
  window.clearTimeout(again);
  again = window.setTimeout(connect, milliseconds);
}

/** A socket that went silent may say "open" for minutes: it is left behind, and another one tried at once. */
function leave(): void {
  const dead = socket;
  socket = null;
  dead?.close();
}

function connect(): void {
  if (over) return;
  leave();
  const address = new URL("/ws/", window.location.href);
  address.protocol = address.protocol.replace("http", "ws");
  if (lastNotice !== null) address.searchParams.set("after", String(lastNotice));
  const own = new WebSocket(address);
  socket = own;
  own.addEventListener("open", () => {
    wait = 500;
    heard = Date.now();
    // Something may have happened between the page's making and this moment.
    caughtUp();
    if (opened && !banner.hidden) {
      say(banner.dataset.back);
      setTimeout(() => {
        if (isOpen()) say("");
      }, 4_000);
    }
    opened = true;
  });
  own.addEventListener("message", (message: MessageEvent<string>) => {
    if (own !== socket) return;
    heard = Date.now();
    const event = JSON.parse(message.data) as Frame;
    if (event.type === "hello" && lastNotice === null) lastNotice = event.seq;
    if (event.type === "notice") {
      lastNotice = Math.max(lastNotice ?? 0, event.seq);
      sayNotice(event);
    }
    if (event.patient) heardOf(event);
  });
  own.addEventListener("close", (closed) => {
    if (own !== socket || over) return;
    if (closed.code === SIGN_IN && mayReload()) {
      window.location.reload(); // the server shows the sign-in page
      return;
    }
    if (closed.code === RIGHTS_CHANGED) wait = 50; // at once: what is no longer hers must go from the screen
    later(wait + Math.random() * wait);
    wait = Math.min(Math.max(wait, 250) * 2, 15_000);
  });
}

// Never in a circle: once in ten seconds.
function mayReload(): boolean {
  const last = Number(sessionStorage.getItem("hh-reloaded") ?? 0);
  if (Date.now() - last < 10_000) return false;
  sessionStorage.setItem("hh-reloaded", String(Date.now()));
  return true;
}

function look(): void {
  if (over) return;
  const silent = Date.now() - heard;
  if (isOpen() && silent > SILENCE) connect();
  if (!isOpen() && silent > GRACE) sayLost();
}

setInterval(look, 1_000);
// Timers of a page in the background sleep: what is shown is proven when it comes to the front.
document.addEventListener("visibilitychange", look);
document.addEventListener("hh:ended", () => {
  over = true;
  leave();
});

// Ages go on while the page stands open.
setInterval(() => {
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang);
  for (const element of all<HTMLTimeElement>("time[data-age]")) {
    const seconds = (Date.now() - Date.parse(element.dateTime)) / 1_000;
    const [size, unit] = seconds >= 86_400 ? ([86_400, "day"] as const) : seconds >= 3_600 ? ([3_600, "hour"] as const) : ([60, "minute"] as const);
    if (seconds >= 60) element.textContent = words.format(-Math.floor(seconds / size), unit);
  }
}, 20_000);

// A part that is no longer ours: load the whole page, which says so.
document.body.addEventListener("htmx:responseError", (event) => {
  const { xhr, requestConfig } = (event as CustomEvent<{ xhr: XMLHttpRequest; requestConfig: { verb: string } }>).detail;
  if (xhr.status === 404 && requestConfig.verb === "get" && mayReload()) window.location.reload();
});
document.body.addEventListener("htmx:sendError", sayLost);
window.addEventListener("online", () => {
  wait = 500;
  connect();
});
window.addEventListener("offline", sayLost);
connect();
