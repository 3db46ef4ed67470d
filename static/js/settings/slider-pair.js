/** A slider beside a number field. The field is the value; the slider writes it only when the person moves the slider. */
import { moved, nearest, stopsOf } from "./stops.js";

const KEYS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };

export function pair(setting) {
  const number = setting.querySelector("[data-number]");
  const slider = setting.querySelector("[data-slider]");
  const stops = slider.dataset.gridStep ? stopsOf(gridOf(slider)) : null;

  const show = () => {
    if (number.value !== "") slider.value = number.value;
    slider.setAttribute("aria-valuetext", `${number.value} ${setting.dataset.unit}`.trim());
    showCalls(setting, Number(number.value));
  };
  const write = (value) => {
    number.value = value;
    number.dispatchEvent(new Event("input", { bubbles: true }));
  };

  slider.addEventListener("input", () => write(stops ? nearest(stops, Number(slider.value)) : slider.value));
  if (stops) slider.addEventListener("keydown", (event) => stepByKey(event, stops, number, write));
  number.addEventListener("input", show);
  slider.hidden = false;
  show();
}

/** The browser would move by one token; a key moves by one stop. Home and End need no help: the ends are stops. */
function stepByKey(event, stops, number, write) {
  const count = KEYS[event.key];
  if (!count || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  write(moved(stops, Number(number.value), count));
}

function gridOf(slider) {
  const { gridFrom, gridStep } = slider.dataset;
  return { min: Number(slider.min), max: Number(slider.max), from: Number(gridFrom), step: Number(gridStep) };
}

/** What the value means under the model's rate limit, where it has one. */
function showCalls(setting, tokens) {
  const output = setting.querySelector("[data-calls]");
  if (output && tokens > 0) output.value = Math.floor(output.dataset.tokensAMinute / tokens).toLocaleString();
}
