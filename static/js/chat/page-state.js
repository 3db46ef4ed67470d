/** What the server put on the page for the scripts: who, which conversation, its newest messages, all choices. */
const read = (page) => JSON.parse(page.getElementById("page-state").textContent);

export const pageState = () => read(document);

/** The state as it is now, of the conversation page at `url`; null if it is not there (any more). */
export async function freshState(url) {
  const response = await fetch(url, { credentials: "same-origin", headers: { Accept: "text/html" } });
  if (!response.ok || new URL(response.url).pathname !== new URL(url, location.href).pathname) return null;
  return read(new DOMParser().parseFromString(await response.text(), "text/html"));
}
