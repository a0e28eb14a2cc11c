// The worker between the pages and the network. It keeps one page, the same for everybody, and never a page of a person.
/// <reference lib="webworker" />
import { send } from "./lib/outbox";
import { fact } from "./lib/store";

declare const self: ServiceWorkerGlobalScope & { SHELL: { version: string; kept: string[]; icon: string } };

interface SyncEvent extends ExtendableEvent {
  tag: string;
}
interface Pushed {
  tag: string; // the id of the notice: the same at every delivery
  severity: string;
  url: string;
}

const CACHE = `healthhub-${self.SHELL.version}`;
const PATIENCE = 10_000; // a network that answers nothing for so long is none
const ANYWAY: CacheQueryOptions = { ignoreVary: true }; // what is kept says Vary: Cookie, and is the same for every cookie

// What a locked screen may say: that something waits, never what. She reads it after unlocking.
const TEXTS: Record<string, { urgent: string; other: string; title: string }> = {
  zh: { title: "健康管家", urgent: "有一条紧急提醒，请现在打开查看", other: "有一条新消息，请打开查看" },
  en: { title: "HealthHub", urgent: "An urgent message waits for you. Please open it now", other: "A message waits for you" },
};

async function keep(): Promise<void> {
  const cache = await caches.open(CACHE);
  // Without cookies: what is kept must be nobody's.
  await Promise.all(
    self.SHELL.kept.map(async (path) => {
      const answer = await fetch(new Request(path, { credentials: "omit", cache: "reload" }));
      if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
      await cache.put(path, answer);
    }),
  );
}

async function tidy(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith("healthhub-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.registration.navigationPreload?.enable();
  await self.clients.claim();
}

const within = <T>(promise: Promise<T>, milliseconds: number) =>
  Promise.race([promise, new Promise<never>((_, refuse) => setTimeout(() => refuse(new Error("too slow")), milliseconds))]);

async function page(event: FetchEvent): Promise<Response> {
  try {
    const preloaded = async () => ((await event.preloadResponse) as Response | undefined) ?? fetch(event.request);
    return await within(preloaded(), PATIENCE);
  } catch {
    const language = (await fact("language")) ?? "zh-hans";
    const kept = await caches.match(`/offline?language=${language}`, ANYWAY);
    return kept ?? Response.error();
  }
}

async function file(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(request, ANYWAY)) ?? Response.error();
  }
}

async function show(pushed: Pushed): Promise<void> {
  const words = TEXTS[(await fact("language"))?.startsWith("en") ? "en" : "zh"];
  if (!words) return;
  const pressing = pushed.severity === "red" || pushed.severity === "urgent";
  await self.registration.showNotification(words.title, {
    body: pressing ? words.urgent : words.other,
    tag: pushed.tag,
    icon: self.SHELL.icon,
    requireInteraction: pressing,
    data: { path: new URL(pushed.url, self.location.origin).pathname },
  });
}

async function bringTo(path: string): Promise<void> {
  const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = open.find((client) => new URL(client.url).pathname === path) ?? open[0];
  if (!there) {
    await self.clients.openWindow(path);
    return;
  }
  const front = await there.focus();
  if (new URL(front.url).pathname !== path) await front.navigate(path);
}

self.addEventListener("install", (event) => event.waitUntil(keep().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(tidy()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate" && !pathname.startsWith("/api/")) event.respondWith(page(event));
  else if (self.SHELL.kept.includes(pathname)) event.respondWith(file(request));
});
self.addEventListener("sync", (event) => {
  const sync = event as SyncEvent;
  if (sync.tag === "hh-send") sync.waitUntil(send());
});
self.addEventListener("push", (event) => {
  if (event.data) event.waitUntil(show(event.data.json() as Pushed));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(bringTo((event.notification.data as { path: string }).path));
});
