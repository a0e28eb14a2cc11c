// The one file that knows uPlot: a dense course of values with its bands, limits and marks under the data, to be zoomed by dragging,
// pinching, buttons or keys, and read value by value with the keyboard. What it shows also stands in the page's sentence and table.
import uPlot from "uplot";

/** A chart as the server sends it (healthhub/web/trends/scene.py: columns): values are whole numbers, to be multiplied by `scale`. */
export interface Columns {
  t0: number;
  dt: number[];
  scale: number;
  digits: number;
  v: number[];
  unit: string;
  axis: [number, number];
  ticks: number[];
  from: number;
  to: number;
  gap: number;
  zone: string;
  target: [number, number][];
  limits: [number, string, string][];
  marks: [number, string, string][];
}

export interface Chart {
  /** Seconds since the epoch that are shown. */
  range(): [number, number];
  show(from: number, to: number): void;
  destroy(): void;
}

/** The words of a chart, in the reader's language. */
export interface Words {
  label: string;
  in: string;
  out: string;
  back: string;
  on: string;
  whole: string;
  keys: string;
}

const SHORTEST = 1800; // seconds: no zoom shows less
const TONES: Record<string, string> = { target: "--calm", watch: "--watch", amber: "--amber", urgent: "--urgent", red: "--red", pill: "--watch", missed: "--watch", change: "--watch" };
const DASHES: Record<string, number[]> = { target: [4, 3], watch: [2, 4], amber: [6, 3], urgent: [8, 3], red: [8, 2] };
/** Day before month, as everywhere on the pages. */
const locale = () => (document.documentElement.lang.startsWith("en") ? "en-GB" : document.documentElement.lang);
const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Times and values; between neighbours further apart than the gap stands a nothing, so that no line crosses it. */
export function series(columns: Columns): [number[], (number | null)[]] {
  const times: number[] = [];
  const values: (number | null)[] = [];
  let at = columns.t0;
  columns.v.forEach((whole, index) => {
    const step = index ? (columns.dt[index - 1] ?? 0) : 0;
    if (step > columns.gap) {
      times.push(at + 1);
      values.push(null);
    }
    at += step;
    times.push(at);
    values.push(whole * columns.scale);
  });
  return [times, values];
}

function button(words: string, sign: string, act: () => void): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button";
  made.textContent = sign;
  made.setAttribute("aria-label", words);
  made.title = words;
  made.addEventListener("click", act);
  return made;
}

/** Lines and areas that explain, drawn before the data: nothing may be painted over the one low value. */
function ground(plot: uPlot, columns: Columns): void {
  const { ctx, bbox } = plot;
  const y = (value: number) => Math.min(Math.max(plot.valToPos(value, "y", true), bbox.top), bbox.top + bbox.height);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = colour("--calm-paper");
  for (const [low, high] of columns.target) ctx.fillRect(bbox.left, y(high), bbox.width, y(low) - y(high));
  ctx.lineWidth = devicePixelRatio;
  for (const [value, tone] of columns.limits) {
    ctx.strokeStyle = colour(TONES[tone] ?? "--ink-soft");
    ctx.setLineDash((DASHES[tone] ?? []).map((length) => length * devicePixelRatio));
    ctx.beginPath();
    ctx.moveTo(bbox.left, y(value));
    ctx.lineTo(bbox.left + bbox.width, y(value));
    ctx.stroke();
  }
  ctx.setLineDash([]);
  const last: Record<string, number> = {};
  for (const [at, tone] of [...columns.marks].sort((one, other) => one[0] - other[0])) {
    const x = plot.valToPos(at, "x", true);
    if (x - (last[tone] ?? -Infinity) < 11 * devicePixelRatio) continue; // so near, they are one
    last[tone] = x;
    mark(plot, x, tone);
  }
  ctx.restore();
}

/** The same shapes as on the drawing: a rounded bar for a medication, a diamond for its change, a triangle for an alert. */
function mark(plot: uPlot, x: number, tone: string): void {
  const { ctx, bbox } = plot;
  const size = 5 * devicePixelRatio;
  const y = bbox.top + bbox.height - size * 1.4;
  ctx.fillStyle = ctx.strokeStyle = colour(TONES[tone] ?? "--watch");
  ctx.beginPath();
  if (tone === "pill" || tone === "missed") {
    ctx.roundRect(x - size, y, size * 2, size, size / 2);
  } else if (tone === "change") {
    ctx.moveTo(x, y - size);
    ctx.lineTo(x + size, y);
    ctx.lineTo(x, y + size);
    ctx.lineTo(x - size, y);
    ctx.closePath();
  } else {
    ctx.moveTo(x, y - size);
    ctx.lineTo(x + size, y + size);
    ctx.lineTo(x - size, y + size);
    ctx.closePath();
  }
  if (tone === "missed") ctx.stroke();
  else ctx.fill();
}

/** Words for the time axis: hours, days or months, whatever the distance of ticks asks for. */
function dates(zone: string): (plot: uPlot, splits: number[], index: number, space: number, step: number) => string[] {
  const language = locale();
  const form = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(language, { timeZone: zone, ...options });
  const hour = form({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = form({ day: "numeric", month: "short" });
  const month = form({ month: "short", year: "2-digit" });
  return (_plot, splits, _index, _space, step) =>
    splits.map((at) => {
      const moment = new Date(at * 1000);
      if (step >= 28 * 86400) return month.format(moment);
      if (step >= 86400) return day.format(moment);
      const clock = hour.format(moment);
      return clock === "00:00" ? day.format(moment) : clock;
    });
}

/** Draws the columns into the host, and gives the hand that moves them. */
export function chart(host: HTMLElement, columns: Columns, words: Words): Chart {
  const [times, values] = series(columns);
  const language = locale();
  const said = document.createElement("p");
  said.className = "dense-said figures";
  said.setAttribute("role", "status");
  const area = document.createElement("div");
  area.tabIndex = 0;
  area.setAttribute("role", "application");
  area.setAttribute("aria-label", `${words.label}. ${words.keys}`);
  const tools = document.createElement("div");
  tools.className = "dense-tools";
  host.replaceChildren(area, said, tools);
  host.classList.add("dense");

  const extremes = values.reduce<[number, number]>(([low, high], value) => (value === null ? [low, high] : [Math.min(low, value), Math.max(high, value)]), [...columns.axis]);
  const axes = () => ({ stroke: colour("--ink-soft"), font: `12px ${colour("--face")}`, grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } });
  const height = () => (area.clientWidth > 600 ? 320 : 260);
  const moment = new Intl.DateTimeFormat(language, { timeZone: columns.zone, day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const figure = new Intl.NumberFormat(language, { minimumFractionDigits: columns.digits, maximumFractionDigits: columns.digits });
  const say = (index: number | null | undefined) => {
    const at = index === null || index === undefined ? undefined : times[index];
    const value = index === null || index === undefined ? undefined : values[index];
    if (at === undefined || value === undefined || value === null) return;
    said.textContent = `${moment.format(new Date(at * 1000))} · ${figure.format(value)} ${columns.unit}`;
  };

  const make = () =>
    new uPlot(
      {
        width: area.clientWidth,
        height: height(),
        tzDate: (at) => uPlot.tzDate(new Date(at * 1000), columns.zone),
        legend: { show: false },
        cursor: { drag: { x: true, y: false, setScale: true }, y: false },
        scales: { x: { time: true, range: (_plot, low, high) => [Math.max(low ?? columns.from, columns.from), Math.min(high ?? columns.to, columns.to)] }, y: { range: extremes } },
        axes: [
          { ...axes(), values: dates(columns.zone), space: 70, size: 32 },
          { ...axes(), splits: () => columns.ticks, size: 44 },
        ],
        series: [{}, { stroke: colour("--accent"), width: 1.4, spanGaps: false, points: { size: 5, fill: colour("--accent") } }],
        hooks: { drawClear: [(plot) => ground(plot, columns)], setCursor: [(plot) => say(plot.cursor.idx)] },
      },
      [times, values],
      area,
    );
  let plot = make();
  let [from, to] = [columns.from, columns.to];

  const show = (low: number, high: number) => {
    const wide = Math.min(Math.max(high - low, SHORTEST), columns.to - columns.from);
    from = Math.min(Math.max(low, columns.from), columns.to - wide);
    to = from + wide;
    plot.setScale("x", { min: from, max: to });
  };
  const range = (): [number, number] => [plot.scales.x?.min ?? from, plot.scales.x?.max ?? to];
  const zoom = (factor: number, at = 0.5) => {
    const [low, high] = range();
    const wide = (high - low) * factor;
    const middle = low + (high - low) * at;
    show(middle - wide * at, middle + wide * (1 - at));
  };
  const shift = (by: number) => {
    const [low, high] = range();
    show(low + (high - low) * by, high + (high - low) * by);
  };
  tools.append(
    button(words.out, "−", () => zoom(2)),
    button(words.in, "+", () => zoom(0.5)),
    button(words.back, "‹", () => shift(-0.5)),
    button(words.on, "›", () => shift(0.5)),
    button(words.whole, "⤢", () => show(columns.from, columns.to)),
  );
  show(from, to);

  const firstFrom = (at: number) => {
    let [low, high] = [0, times.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((times[middle] ?? 0) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const move = (index: number) => {
    const bounded = Math.min(Math.max(index, 0), times.length - 1);
    const at = times[bounded];
    if (at === undefined) return;
    const [low, high] = range();
    if (at < low || at > high) show(at - (high - low) / 2, at + (high - low) / 2);
    const value = values[bounded];
    plot.setCursor({ left: plot.valToPos(at, "x"), top: value === null || value === undefined ? 0 : plot.valToPos(value, "y") }, false);
    place = bounded;
    say(bounded);
  };
  let place = -1;
  const step = (by: number) => {
    if (place < 0) return move(by > 0 ? firstFrom(range()[0]) : firstFrom(range()[1]));
    let next = place + by;
    while (values[next] === null) next += Math.sign(by);
    move(next);
  };
  const keys: Record<string, (event: KeyboardEvent) => void> = {
    ArrowRight: (event) => step(event.shiftKey ? 12 : 1),
    ArrowLeft: (event) => step(event.shiftKey ? -12 : -1),
    Home: () => move(firstFrom(range()[0])),
    End: () => move(firstFrom(range()[1])),
    "+": () => zoom(0.5),
    "=": () => zoom(0.5),
    "-": () => zoom(2),
    Escape: () => show(columns.from, columns.to),
  };
  area.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act(event);
  });
  pinch(area, () => plot, range, show);

  const drawn = () => plot.setSize({ width: area.clientWidth, height: height() });
  const resized = new ResizeObserver(() => {
    if (Math.abs(area.clientWidth - plot.width) > 1 && area.clientWidth > 0) drawn();
  });
  resized.observe(area);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const repaint = () => {
    const now = range();
    plot.destroy();
    plot = make();
    show(...now);
  };
  dark.addEventListener("change", repaint);
  return {
    range,
    show,
    destroy: () => {
      resized.disconnect();
      dark.removeEventListener("change", repaint);
      plot.destroy();
    },
  };
}

/** Two fingers: what lies under them stays under them. One finger scrolls the page as ever. */
function pinch(area: HTMLElement, plot: () => uPlot, range: () => [number, number], show: (from: number, to: number) => void): void {
  const fingers = new Map<number, number>();
  let began: { low: number; high: number; left: number; right: number } | null = null;
  const ends = (): [number, number] | null => {
    const [one, other] = [...fingers.values()].sort((a, b) => a - b);
    return one === undefined || other === undefined ? null : [one, other];
  };
  const over = () => plot().over.getBoundingClientRect();
  area.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch") return;
    fingers.set(event.pointerId, event.clientX);
    const two = ends();
    if (!two) return;
    const [low, high] = range();
    const box = over();
    const at = (x: number) => low + ((x - box.left) / box.width) * (high - low);
    began = { low, high, left: at(two[0]), right: at(two[1]) };
  });
  area.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, event.clientX);
    const two = ends();
    if (!began || !two || two[1] - two[0] < 10) return;
    event.preventDefault();
    const box = over();
    const perPixel = (began.right - began.left) / (two[1] - two[0]);
    const low = began.left - (two[0] - box.left) * perPixel;
    show(low, low + perPixel * box.width);
  });
  for (const name of ["pointerup", "pointercancel", "pointerleave"] as const) {
    area.addEventListener(name, (event) => {
      fingers.delete(event.pointerId);
      if (fingers.size < 2) began = null;
    });
  }
}
