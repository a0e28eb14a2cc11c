// The trend pages: where a stream has more readings than a drawing shows, the chart is fetched as columns and drawn to be zoomed.
// Until then, and if that fails, the server's drawing stands there.
import { type Chart, type Columns, chart } from "./lib/chart";
import { all, around, maybe } from "./lib/page";

interface Kept {
  version: string | undefined;
  columns: Columns;
  range: [number, number];
  whole: boolean;
  focused: boolean;
}

const charts = new Map<HTMLElement, { made: Chart; columns: Columns }>();
const kept = new Map<string, Kept>(); // address -> how the reader had it, for when new readings bring the part anew

async function fetched(address: string): Promise<Columns> {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`the readings of the chart: ${answer.status}`);
  return (await answer.json()) as Columns;
}

async function draw(figure: HTMLElement): Promise<void> {
  const address = figure.dataset.dense ?? "";
  figure.dataset.state = "loading";
  const before = kept.get(address);
  const columns = before && before.version === figure.dataset.version ? before.columns : await fetched(address);
  if (!figure.isConnected) return;
  performance.mark("hh-chart-begins");
  const host = document.createElement("div");
  const drawing = maybe(".drawn", figure);
  figure.append(host);
  if (drawing) drawing.hidden = true;
  const word = (name: string) => figure.dataset[name] ?? "";
  const made = chart(host, columns, {
    label: word("label"), in: word("in"), out: word("out"), back: word("back"), on: word("on"), whole: word("whole"), keys: word("keys"),
  });
  charts.set(figure, { made, columns });
  figure.dataset.state = "drawn";
  requestAnimationFrame(() => setTimeout(() => performance.measure("hh-chart", "hh-chart-begins")));
  if (before && !before.whole) made.show(...before.range);
  if (before?.focused) maybe("[tabindex]", host)?.focus({ preventScroll: true });
}

function start(): void {
  for (const figure of all("figure[data-dense]:not([data-state])")) {
    draw(figure).catch((problem: unknown) => {
      figure.dataset.state = "failed";
      const drawing = maybe(".drawn", figure);
      if (drawing) drawing.hidden = false;
      const words = document.createElement("p");
      words.className = "note warn";
      words.textContent = figure.dataset.failed ?? "";
      figure.prepend(words);
      console.warn(problem);
    });
  }
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const part = around(event.target, "#trend-part");
  for (const figure of part ? all("figure[data-dense]", part) : []) {
    const held = charts.get(figure);
    if (!held) continue;
    const { made, columns } = held;
    const range = made.range();
    const whole = range[0] <= columns.from + 1 && range[1] >= columns.to - 1;
    const focused = figure.contains(document.activeElement);
    kept.set(figure.dataset.dense ?? "", { version: figure.dataset.version, columns, range, whole, focused });
    made.destroy();
    charts.delete(figure);
  }
});
document.addEventListener("htmx:afterSettle", start);
start();
