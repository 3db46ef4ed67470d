/** The server's time, so that a countdown is right on a computer whose clock is not. */
let ahead = 0; // milliseconds that the server is ahead of this computer

export function setServerTime(iso) {
  ahead = Date.parse(iso) - Date.now();
}

/** Whole seconds until `iso`, by the server's clock; never negative. */
export const secondsUntil = (iso) => Math.max(0, Math.ceil((Date.parse(iso) - (Date.now() + ahead)) / 1000));

/** 77 → "1:17" */
export const minutesAndSeconds = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
