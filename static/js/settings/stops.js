/** Where a slider may stop: at both ends, and on the grid `from` + k·`step` between them. Pure numbers. */
export function stopsOf({ min, max, from, step }) {
  const first = from + Math.max(0, Math.floor((min - from) / step) + 1) * step; // the first of the grid above min
  const stops = [min];
  for (let stop = first; stop < max; stop += step) stops.push(stop);
  if (max > min) stops.push(max);
  return stops;
}

/** The stop nearest to `value`. */
export function nearest(stops, value) {
  return stops.reduce((best, stop) => (Math.abs(stop - value) < Math.abs(best - value) ? stop : best));
}

/** `count` stops up (negative: down) from `value`, which need not be a stop itself; never past an end. */
export function moved(stops, value, count) {
  const above = stops.findIndex((stop) => stop > value);
  const first = above === -1 ? stops.length : above; // the first stop above
  const onStop = stops[first - 1] === value;
  const index = count > 0 ? first - 1 + count : first - (onStop ? 1 : 0) + count;
  return stops[Math.min(Math.max(index, 0), stops.length - 1)];
}
