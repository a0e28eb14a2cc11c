// What this phone keeps (IndexedDB): readings that wait, and what it must know to take more without network. Sign-out empties it.
// No element in here: the service worker uses it as well.
import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import type { Known } from "./judge";

/** A reading as the API takes it. */
export interface Reading {
  patient: string;
  kind: string;
  at: string;
  value: number;
  value2?: number;
  unit?: string;
  source: "web";
  method: "self_reported";
  key: string;
  context?: Record<string, string>;
}

/** One reading that waits for the network, or was refused and waits for her to know of it. */
export interface Waiting {
  id: string;
  user: string; // an opaque id: it is sent in her own session only
  reading: Reading;
  what: string; // in words, as she typed it
  refused?: string; // the code of the refusal
}

/** What one person needs to log for one patient. */
export interface Pad {
  user: string;
  patient: string;
  name: string; // "" for herself
  language: string;
  phone: string;
  emergency: string;
  kinds: { what: string; name: string; drawing: string; form: string }[]; // drawing and form: HTML of our own server
  known: Known;
}

interface Kept extends DBSchema {
  waiting: { key: string; value: Waiting; indexes: { user: string } };
  pads: { key: [string, string]; value: Pad & { at: number }; indexes: { user: string } };
  facts: { key: string; value: string };
}

let opened: Promise<IDBPDatabase<Kept>> | null = null;

function store(): Promise<IDBPDatabase<Kept>> {
  opened ??= openDB<Kept>("healthhub", 1, {
    upgrade(database) {
      database.createObjectStore("waiting", { keyPath: "id" }).createIndex("user", "user");
      database.createObjectStore("pads", { keyPath: ["user", "patient"] }).createIndex("user", "user");
      database.createObjectStore("facts");
    },
    terminated() {
      opened = null; // Clear-Site-Data, or the browser wanted the room
    },
  });
  return opened;
}

export const keepWaiting = async (entry: Waiting) => void (await (await store()).put("waiting", entry));
export const waitingOf = async (user: string) => (await store()).getAllFromIndex("waiting", "user", user);
export const everythingWaiting = async () => (await store()).getAll("waiting");
export const forget = async (id: string) => (await store()).delete("waiting", id);

export const keepPad = async (pad: Pad) => void (await (await store()).put("pads", { ...pad, at: Date.now() }));
export const padsOf = async (user: string) => (await store()).getAllFromIndex("pads", "user", user);
export const padOf = async (user: string, patient: string) => (await store()).get("pads", [user, patient]);

/** Small facts: `user` (who was here last), `language`, `type`, `push`. */
export const fact = async (name: string) => (await store()).get("facts", name);
export const keepFact = async (name: string, value: string) => void (await (await store()).put("facts", value, name));
export const dropFact = async (name: string) => (await store()).delete("facts", name);
