/** The chart of the usage page: drawn from the data in the page, and anew when its width or the theme changes. */
import { say } from "../dom.js";
import { said } from "./bars.js";
import { draw, sizeOf } from "./chart.js";

const figure = document.querySelector("[data-usage-chart]");
const plot = figure.querySelector("[data-plot]");
const readout = figure.querySelector("[data-readout]");
const data = JSON.parse(document.getElementById("usage-data").textContent);
const hint = readout.textContent;
let chart = null;

function drawAnew() {
  chart?.destroy();
  chart = draw({ plot, data, colours: colours(), onPoint: (index) => say(readout, index === null ? hint : said(data, index)) });
}

/** A canvas knows no custom properties: the colours are read from elements that have them. */
function colours() {
  const found = { ink: getComputedStyle(plot).color, line: getComputedStyle(plot).borderTopColor };
  for (const key of figure.querySelectorAll("[data-series]")) found[key.dataset.series] = getComputedStyle(key).color;
  return found;
}

drawAnew();
new ResizeObserver(() => chart.setSize(sizeOf(plot))).observe(plot);
new MutationObserver(drawAnew).observe(document.documentElement, { attributeFilter: ["class"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAnew);
