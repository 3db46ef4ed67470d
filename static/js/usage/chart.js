/** The bars of each day, drawn by uPlot: what is cached at the bottom, what came out on top. */
import { stacked } from "./bars.js";

const HALF_A_DAY = 43_200; // seconds
const compact = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const short = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });

/** A chart in `plot`; `colours` are those of `cached`, `input`, `output`, of `ink` and `line`. `onPoint(index | null)`. */
export function draw({ plot, data, colours, onPoint }) {
  const bars = stacked(data);
  const options = {
    ...sizeOf(plot),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x: { range: (_, first, last) => [first - HALF_A_DAY, last + HALF_A_DAY] },
      y: { range: (_, least, most) => [0, Math.max(most * 1.05, 10)] },
    },
    axes: axes(colours, getComputedStyle(plot).font),
    // The tallest first: the ones that follow are drawn over it.
    series: [{}, part(colours.output), part(colours.input), part(colours.cached)],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
    tzDate: (seconds) => globalThis.uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
  };
  return new globalThis.uPlot(options, [bars.day, bars.total, bars.input, bars.cached], plot);
}

export function sizeOf(plot) {
  return { width: plot.clientWidth, height: plot.clientHeight };
}

function part(colour) {
  return { fill: colour, stroke: colour, width: 0, points: { show: false }, paths: bars };
}

function bars(...chart) {
  return globalThis.uPlot.paths.bars({ size: [0.7, 40], radius: 0.1 })(...chart);
}

function axes({ ink, line }, font) {
  const shared = { stroke: ink, font, ticks: { show: false } };
  return [
    { ...shared, grid: { show: false }, values: (_, days) => days.map((day) => short.format(day * 1000)), space: 60, size: 28 },
    { ...shared, grid: { stroke: line, width: 1 }, values: (_, counts) => counts.map((n) => compact.format(n)), size: 52 },
  ];
}
