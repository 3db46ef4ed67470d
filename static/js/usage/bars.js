/** The numbers of a stacked bar chart. Pure: no page, no library. */

/** From `{day, input, cached, output}` (each a list, one entry a day) to the upper edges of the parts of each bar. */
export function stacked({ day, input, output, cached }) {
  return { day, total: input.map((tokens, index) => tokens + output[index]), input, cached };
}

const tokens = new Intl.NumberFormat();
const calendar = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

/** What one day used, in words. */
export function said(data, index) {
  const { day, input, output, cached } = data;
  const parts = `${tokens.format(input[index])} in (${tokens.format(cached[index])} cached), ${tokens.format(output[index])} out`;
  return `${calendar.format(day[index] * 1000)}: ${parts}`;
}
