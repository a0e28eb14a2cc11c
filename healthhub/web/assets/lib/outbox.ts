// Sending what waits: in her own session only, as often as it takes, and nothing twice (each reading has its key).
import { everythingWaiting, fact, forget, keepFact, keepWaiting, waitingOf, type Waiting } from "./store";

export interface Session {
  user: string | null;
  left: number; // seconds
  csrf: string;
}

interface Fate {
  index: number;
  fate: "stored" | "duplicate" | "corrected" | "rejected" | "outside_consent";
  code?: string;
}

export interface Sent {
  sent: number;
  corrected: string[]; // in words: those that replaced another value of the same moment
  signedOut: boolean;
}

const MOST = 200;
const ROOM = "healthhub";

/** Tells every page that what waits has changed, and how many readings have just been sent (by a page or by the worker). */
export function tell(sent = 0): void {
  const channel = new BroadcastChannel(ROOM);
  channel.postMessage(sent);
  channel.close();
}

export function whenTold(listen: (sent: number) => void): void {
  new BroadcastChannel(ROOM).addEventListener("message", (message: MessageEvent<number>) => listen(message.data));
}

/** Who is signed in now, with a fresh token; null without network. */
export async function session(method: "GET" | "POST" = "GET", csrf = ""): Promise<Session | null> {
  try {
    const answer = await fetch("/session", { method, cache: "no-store", headers: csrf ? { "X-CSRFToken": csrf } : {} });
    return answer.ok ? ((await answer.json()) as Session) : null;
  } catch {
    return null;
  }
}

/** What waits for this person (all that was refused as well), and how much of others lies beside it. */
export async function standing(user: string): Promise<{ waiting: Waiting[]; refused: Waiting[]; others: number }> {
  const all = await everythingWaiting();
  const hers = all.filter((entry) => entry.user === user);
  return {
    waiting: hers.filter((entry) => entry.refused === undefined),
    refused: hers.filter((entry) => entry.refused !== undefined),
    others: all.length - hers.length,
  };
}

/** Sends what waits for whoever is signed in; two pages at once wait for each other. Without network everything stays. */
export async function send(): Promise<Sent | null> {
  const done = await navigator.locks.request("healthhub-send", sendAlone);
  if (done?.sent) {
    // A page that is just being loaded does not hear it, and asks.
    await keepFact("sent", `${done.sent} ${Date.now()}`);
    tell(done.sent);
  }
  return done;
}

/** How many readings were sent within the last so many milliseconds. */
export async function sentWithin(milliseconds: number): Promise<number> {
  const [count = 0, at = 0] = ((await fact("sent")) ?? "").split(" ").map(Number);
  return Date.now() - at < milliseconds ? count : 0;
}

async function sendAlone(): Promise<Sent | null> {
  if ((await everythingWaiting()).every((entry) => entry.refused !== undefined)) return null;
  const now = await session();
  if (!now) return null;
  const done: Sent = { sent: 0, corrected: [], signedOut: now.user === null };
  if (now.user === null) return done;
  const waiting = (await waitingOf(now.user)).filter((entry) => entry.refused === undefined);
  // One patient at a time: a refusal of the whole then concerns nobody else.
  const patients = new Set(waiting.map((entry) => entry.reading.patient));
  for (const patient of patients) {
    const hers = waiting.filter((entry) => entry.reading.patient === patient);
    for (let from = 0; from < hers.length; from += MOST) {
      if (!(await sendSome(hers.slice(from, from + MOST), now.csrf, done))) return done;
    }
  }
  return done;
}

/** True where the rest may follow. */
async function sendSome(some: Waiting[], csrf: string, done: Sent): Promise<boolean> {
  let answer: Response;
  try {
    answer = await fetch("/api/v1/observations", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
      body: JSON.stringify({ observations: some.map((entry) => entry.reading) }),
    });
  } catch {
    return false;
  }
  if ([200, 201, 422].includes(answer.status)) {
    const { fates } = (await answer.json()) as { fates: Fate[] };
    for (const fate of fates) await settle(some[fate.index], fate, done);
  } else if (answer.status === 404) {
    for (const entry of some) await keepWaiting({ ...entry, refused: "not_visible" });
  } else {
    return false; // signed out meanwhile, too busy, our fault: it stays and is tried again
  }
  tell();
  return true;
}

async function settle(entry: Waiting | undefined, fate: Fate, done: Sent): Promise<void> {
  if (!entry) return;
  if (fate.fate === "rejected" || fate.fate === "outside_consent") {
    await keepWaiting({ ...entry, refused: fate.code ?? fate.fate });
    return;
  }
  await forget(entry.id);
  done.sent += 1;
  if (fate.fate === "corrected") done.corrected.push(entry.what);
}
