/** When to try again after a lost connection: pure rules, no timers. Times are milliseconds. */

const FIRST = 250;
const LONGEST = 15_000;
const STABLE = 10_000;
const RESTART = 1012;

/** Close codes after which the same socket would only be refused again. */
const FINAL = new Set([4401, 4403, 4406, 1009]);

export const isFinal = (code) => FINAL.has(code);

/** Has a connection lasted long enough to forget the failures before it? */
export const wasStable = (openedAt, now) => openedAt !== null && now - openedAt >= STABLE;

/**
 * The pause before attempt `failures` + 1, with full jitter: anything between nothing and a bound that doubles, so that
 * a thousand browsers do not come back in one moment. A server that restarts says so and is given 0 to 3 s.
 */
export function pauseBefore({ failures, code, random = Math.random }) {
  if (code === RESTART) return random() * 3_000;
  return random() * Math.min(LONGEST, FIRST * 2 ** failures);
}
