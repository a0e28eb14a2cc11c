// Around every page: the worker, what waits on this phone, the end of the session, and a sign that something is under way.
import { watchIdle } from "./lib/idle";
import { send, sentWithin, session, standing, whenTold } from "./lib/outbox";
import { all, maybe, one } from "./lib/page";
import { everythingWaiting, fact, keepFact, keepPad, padOf, type Pad } from "./lib/store";

const { user, learn: own } = document.body.dataset;
const FRESH = 15 * 60_000;
const SAID = 8_000; // milliseconds that a good word stands
const SLOW = 300; // what takes longer shows that it is under way

function words(place: HTMLElement, name: string, count: number): string {
  const form = place.dataset[count === 1 ? `${name}One` : `${name}Many`] ?? place.dataset[count === 1 ? "one" : "many"] ?? "";
  return form.replace("{n}", String(count));
}

function say(text: string, tone: string): void {
  const place = one("#waiting");
  one("a", place).textContent = text;
  place.className = `strip ${tone}`;
  place.hidden = text === "";
}

/** How many of hers wait or were refused. Silent when there is nothing to say. */
async function show(): Promise<void> {
  const who = user ?? (await fact("user"));
  const place = maybe("#waiting");
  if (!who || !place) return;
  const { waiting, refused } = await standing(who);
  const parts = [
    ...(refused.length ? [words(place, "refused", refused.length)] : []),
    ...(waiting.length ? [words(place, "", waiting.length)] : []),
  ];
  if (parts.length || !place.classList.contains("good")) say(parts.join(" · "), refused.length ? "bad" : "");
}

function saySent(count: number): void {
  const place = maybe("#waiting");
  if (!place) return;
  say(words(place, "sent", count), "good");
  setTimeout(() => {
    place.classList.remove("good");
    void show();
  }, SAID);
}

async function sync(): Promise<void> {
  const done = await send();
  await show();
  if (done && (await everythingWaiting()).some((entry) => !entry.refused)) await askForSync();
}

/** Where there is Background Sync the worker sends also when no page is open any more. */
async function askForSync(): Promise<void> {
  const worker = (await navigator.serviceWorker?.getRegistration()) as (ServiceWorkerRegistration & { sync?: { register(tag: string): Promise<void> } }) | undefined;
  await worker?.sync?.register("hh-send");
}

/** What this phone must know to log without network, kept after a good visit. */
async function learn(path: string): Promise<void> {
  const patient = path.split("/")[2] ?? "";
  const has = await padOf(user ?? "", patient);
  if (has && Date.now() - has.at < FRESH && has.language === document.documentElement.lang) return;
  const answer = await fetch(path, { cache: "no-store" });
  if (answer.ok) await keepPad((await answer.json()) as Pad);
}

async function settle(): Promise<void> {
  const sent = await sentWithin(SAID);
  if (sent) saySent(sent);
  if (user) {
    await keepFact("user", user);
    await keepFact("language", document.documentElement.lang);
    await keepFact("type", document.documentElement.dataset.type ?? "normal");
    await navigator.serviceWorker?.register("/sw.js");
  }
  await sync();
  const paths = [own, ...all("main [data-learn]").map((part) => part.dataset.learn)].filter((path): path is string => Boolean(path));
  if (user && navigator.onLine) for (const path of new Set(paths)) await learn(path);
}

// Signing out empties this phone: what waits would be lost, so she is asked on a page of its own.
document.addEventListener("submit", (event) => {
  const at = event.target as HTMLFormElement;
  if (!at.matches("[data-sign-out]") || at.dataset.sure) return;
  event.preventDefault();
  void everythingWaiting().then((waiting) => {
    if (waiting.length) {
      window.location.assign(at.action);
    } else {
      at.dataset.sure = "yes";
      at.submit();
    }
  });
});

async function warnBeforeSignOut(place: HTMLElement): Promise<void> {
  const waiting = await everythingWaiting();
  place.hidden = waiting.length === 0;
  one("[data-count]", place).textContent = words(place, "", waiting.length);
  for (const part of all("[data-if-waiting]")) part.hidden = waiting.length === 0;
  for (const part of all("[data-if-none]")) part.hidden = waiting.length > 0;
}

/** One bar for whatever htmx fetches because of a hand; what refreshes itself is not worth a bar. */
function watchRequests(): void {
  const bar = one("#busy");
  let under = 0;
  let timer = 0;
  const byItself = (event: Event) => (event as CustomEvent<{ requestConfig?: { triggeringEvent?: Event } }>).detail.requestConfig?.triggeringEvent?.type === "hh:refresh";
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (byItself(event)) return;
    under += 1;
    window.clearTimeout(timer);
    timer = window.setTimeout(() => (bar.hidden = under === 0), SLOW);
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (byItself(event)) return;
    under = Math.max(0, under - 1);
    if (under === 0) bar.hidden = true;
  });
}

const worn = maybe("#sign-out-warning");
if (worn) void warnBeforeSignOut(worn);
if (maybe("#busy")) watchRequests();
if (user) watchIdle();
void settle();
whenTold((sent) => (sent ? saySent(sent) : void show()));
window.addEventListener("online", () => void sync());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") void sync();
});
// A page that the browser kept whole: was she signed out meanwhile?
window.addEventListener("pageshow", (event) => {
  if (!event.persisted || !user) return;
  void session().then((now) => {
    if (now && now.user !== user) window.location.reload();
  });
});
