// What the pages' other scripts put there.
interface Htmx {
  trigger(target: Element, event: string): void;
  process(target: Element): void;
  ajax(verb: "GET" | "POST", path: string, context: { target: string; select?: string; swap?: string }): Promise<void>;
}

interface Window {
  htmx: Htmx;
}

declare module "*.css";
