// A reading that cannot be sent now: kept on this phone with its key, and what is dangerous said at once all the same.
import { canonical, type Danger, type Earlier, type Known, type Typed } from "./judge";
import { countDown, figure, hidden, sayDanger, typed, worst } from "./check";
import { all, one } from "./page";
import { standing, tell } from "./outbox";
import { keepWaiting, type Reading } from "./store";

/** A moment with the offset of this phone's zone: the day it belongs to is hers. */
export function moment(at: Date): string {
  const ahead = -at.getTimezoneOffset();
  const two = (figures: number) => String(Math.floor(Math.abs(figures))).padStart(2, "0");
  const local = new Date(at.getTime() + ahead * 60_000).toISOString().replace("Z", "");
  return `${local}${ahead < 0 ? "-" : "+"}${two(ahead / 60)}:${two(ahead % 60)}`;
}

/** Forms without boxes for numbers, as readings: symptoms by their kind, a dose as taken or missed. */
function chosen(at: HTMLFormElement): { kind: string; value: number }[] {
  const given = new FormData(at);
  if (given.has("taken")) return [{ kind: "medication_taken", value: Number(given.get("taken")) }];
  const grade = Number(given.get("grade") ?? 0);
  return grade ? [...given.keys()].filter((name) => name.startsWith("symptom_")).map((kind) => ({ kind, value: grade })) : [];
}

/** Whether this page can keep what the form takes. */
export const keepable = (at: ParentNode) => at.querySelector("input[data-next], input[name='taken'], input[name='grade']") !== null;

function readings(at: HTMLFormElement): { reading: Reading; what: string }[] {
  const earlier = one<HTMLInputElement>("input[name='at']", at).value;
  const stated = hidden(at, "moment").value;
  const when = moment(earlier ? new Date(earlier) : stated ? new Date(stated) : new Date());
  const key = hidden(at, "key").value || crypto.randomUUID();
  const base = { patient: at.dataset.patient ?? "", at: when, source: "web", method: "self_reported", key } as const;
  const title = one("h1", at).textContent ?? "";
  const numbers = (typed(at) ?? []).map((reading) => ({ reading: { ...base, ...reading }, what: `${title} ${figure(reading)}` }));
  return numbers.length ? numbers : chosen(at).map((reading) => ({ reading: { ...base, ...reading }, what: title }));
}

async function before(facts: Known, user: string): Promise<(kind: string) => readonly Earlier[]> {
  const { waiting } = await standing(user);
  const ofHers = waiting.map((entry) => entry.reading).filter((reading) => reading.patient === facts.patient && reading.unit);
  return (kind) =>
    ofHers
      .filter((reading) => reading.kind === kind && facts.kinds[kind])
      .map(({ at, value, value2, unit = "" }) => {
        const plain: Typed = { kind, unit, value };
        const one: Earlier = { at, value: canonical(facts, plain, value) };
        if (value2 !== undefined) one.value2 = canonical(facts, plain, value2);
        return one;
      });
}

function sayWhatToDo(place: HTMLElement, facts: Known, found: [Typed, Danger] | null, phone: string): void {
  if (found) {
    const box = one("[data-danger]", place);
    sayDanger(box, facts, ...found);
    const acts = "act" in found[1];
    for (const part of all("[data-told], [data-flags]", box)) part.hidden = !acts;
    const call = one<HTMLAnchorElement>("[data-emergency]", box);
    call.href = `tel:${facts.emergency}`;
    call.textContent = (call.textContent ?? "").replace("{number}", facts.emergency);
    const team = one<HTMLAnchorElement>("[data-team]", box);
    team.href = `tel:${phone}`;
    team.hidden = !(acts && phone);
  }
  if (found && "ask" in found[1]) {
    one("[data-again]", place).hidden = false;
    countDown(one("[data-countdown]", place), 60);
  }
}

/** Keeps what the checked form holds and puts in its place what was kept and what to do; true where there was something to keep. */
export async function keepOnPhone(at: HTMLFormElement, facts: Known, user: string, phone: string): Promise<boolean> {
  const found = readings(at);
  if (!found.length) return false;
  const told = worst(facts, typed(at) ?? [], await before(facts, user));
  for (const { reading, what } of found) await keepWaiting({ id: crypto.randomUUID(), user, reading, what });
  const panel = one("section", one<HTMLTemplateElement>("#kept").content).cloneNode(true) as HTMLElement;
  one("[data-figure]", panel).textContent = found.map(({ what }) => what).join(" · ");
  at.replaceWith(panel);
  sayWhatToDo(panel, facts, told, phone);
  panel.focus({ preventScroll: true });
  window.scrollTo(0, 0);
  tell();
  return true;
}
