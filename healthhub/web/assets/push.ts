// The switch "tell me on this phone": asks the browser, then the service. The block is shown only where the browser can.
import { session } from "./lib/outbox";
import { maybe, one } from "./lib/page";
import { dropFact, fact, keepFact } from "./lib/store";

const CHANNELS = "/api/v1/channels";
const block = one("[data-push]");

function say(name: string): void {
  one("[data-push-said]", block).textContent = block.dataset[name] ?? "";
}

async function call(path: string, method: string, body?: unknown): Promise<Response> {
  const now = await session();
  return fetch(path, {
    method,
    headers: { "Content-Type": "application/json", "X-CSRFToken": now?.csrf ?? "" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

const bytes = (text: string) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

async function on(worker: ServiceWorkerRegistration): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted") {
    say("denied");
    return;
  }
  const { web_push_key: key } = (await (await fetch(CHANNELS)).json()) as { web_push_key: string };
  const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
  const { endpoint, keys } = subscription.toJSON();
  const answer = await call(CHANNELS, "POST", { transport: "web_push", subscription: { endpoint, keys } });
  if (answer.ok) {
    const { id } = (await answer.json()) as { id: string };
    await keepFact("push", id);
  } else if (answer.status !== 409) {
    await subscription.unsubscribe();
    say("failed");
    return;
  }
  say("on");
}

async function off(worker: ServiceWorkerRegistration): Promise<void> {
  const subscription = await worker.pushManager.getSubscription();
  await subscription?.unsubscribe();
  const id = await fact("push");
  // The service forgets it by itself too, when the push service says that it has ended.
  if (id) await call(`${CHANNELS}/${id}`, "DELETE");
  await dropFact("push");
  say("off");
}

async function paint(worker: ServiceWorkerRegistration): Promise<void> {
  const has = (await worker.pushManager.getSubscription()) !== null && Notification.permission === "granted";
  one("[data-push-on]", block).hidden = has;
  one("[data-push-off]", block).hidden = !has;
}

async function begin(): Promise<void> {
  const worker = await navigator.serviceWorker.ready;
  const change = (how: (worker: ServiceWorkerRegistration) => Promise<void>) => () =>
    void how(worker)
      .catch((problem: unknown) => {
        say("failed");
        throw problem;
      })
      .finally(() => paint(worker));
  one("[data-push-on]", block).addEventListener("click", change(on));
  one("[data-push-off]", block).addEventListener("click", change(off));
  await paint(worker);
  block.hidden = false;
}

if ("serviceWorker" in navigator && "PushManager" in window && "Notification" in window) void begin();
else maybe("[data-push-cannot]")?.removeAttribute("hidden");
