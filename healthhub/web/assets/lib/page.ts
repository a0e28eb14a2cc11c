// Finding elements without asking twice.

/** The one element that must be there: a page without it is a defect, and says so. */
export function one<E extends Element = HTMLElement>(selector: string, within: ParentNode = document): E {
  const found = within.querySelector<E>(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
}

export function maybe<E extends Element = HTMLElement>(selector: string, within: ParentNode = document): E | null {
  return within.querySelector<E>(selector);
}

export function all<E extends Element = HTMLElement>(selector: string, within: ParentNode = document): E[] {
  return [...within.querySelectorAll<E>(selector)];
}

/** The nearest element around an event's target. */
export function around<E extends Element = HTMLElement>(target: EventTarget | null, selector: string): E | null {
  return target instanceof Element ? target.closest<E>(selector) : null;
}

/** The reader's language as the texts of rules and notices name it. */
export const language = (): "zh-hans" | "en" => (document.documentElement.lang.startsWith("zh") ? "zh-hans" : "en");
