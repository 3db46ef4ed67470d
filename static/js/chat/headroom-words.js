/** What is said of a rate pool (an item of `GET /limits`). Pure. */
import { count, plural } from "./words.js";

const NAMES = { requests: "requests", input: "input tokens", output: "output tokens", tokens: "tokens" };
const WHOLE_MINUTE = 60; // seconds

/** From 0 to 1. */
export const shareFree = ({ level, capacity }) => Math.max(0, Math.min(1, level / capacity));

/** The dimension that is nearest to its end. Requests come back within seconds, so they count only if alone. */
export function tightest({ dimensions }) {
  const tokens = dimensions.filter(({ dimension }) => dimension !== "requests");
  const [first, ...rest] = tokens.length ? tokens : dimensions;
  return rest.reduce((tight, one) => (shareFree(one) < shareFree(tight) ? one : tight), first);
}

/** A new call would be held back. */
export const isHeld = ({ closed, wait_seconds: wait }) => closed !== null || wait >= 1;

/** { room: "31k of 40k", unit: "input tokens", rest: "free · 2 waiting" } */
export function inShort(pool) {
  if (pool.closed !== null) return { room: "Closed for now", unit: "", rest: "" };
  const one = tightest(pool);
  const waiting = pool.waiting ? ` · ${count(pool.waiting)} waiting` : "";
  return {
    room: `${rounded(freeOf(one))} of ${rounded(wholeOf(one))}`,
    unit: NAMES[one.dimension],
    rest: `free${waiting}`,
  };
}

/** { name: "Input tokens", free: "31,200 of 40,000 free", note: "full again in 14 s" } */
export function inFull(one) {
  const name = NAMES[one.dimension];
  const atOnce = isWholeMinute(one) ? "" : ` at once, ${count(one.limit)} a minute`;
  return {
    name: name[0].toUpperCase() + name.slice(1),
    free: `${count(freeOf(one))} of ${count(wholeOf(one))} free${atOnce}`,
    note: [back(one), learnt(one), others(one)].filter(Boolean).join(" · "),
  };
}

/** Who is at it, and how long a new call would wait. */
export function queueWords({ running, waiting, wait_seconds: wait, closed }) {
  if (closed !== null) return `Nothing is sent now (${closed}). An administrator can tell more.`;
  const now = `${plural(running, "call")} under way, ${count(waiting)} waiting.`;
  return wait >= 1 ? `${now} A new one would wait about ${count(Math.ceil(wait))} s.` : now;
}

export const sharedBy = ({ models }) =>
  models.length > 1 ? `Shared by everyone here, and by ${count(models.length)} models.` : "Shared by everyone here.";

const isWholeMinute = ({ burst_seconds: burst }) => burst >= WHOLE_MINUTE;

const wholeOf = (one) => (isWholeMinute(one) ? one.limit : one.capacity);
const freeOf = (one) => (isWholeMinute(one) ? Math.round(shareFree(one) * one.limit) : Math.max(0, one.level));

const back = ({ full_in_seconds: seconds }) => (seconds >= 1 ? `full again in ${count(Math.ceil(seconds))} s` : "");

function learnt({ configured, learnt: told }) {
  if (told === null) return "";
  return configured === null ? "limit told by the provider" : `the provider allows ${count(told)}, not ${count(configured)}`;
}

const others = ({ others_share: share }) => (share >= 0.05 ? `others use about ${Math.round(share * 100)} % of it` : "");

const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** 31,240 → "31.2k" */
const rounded = (value) => short.format(value).replace("K", "k");
