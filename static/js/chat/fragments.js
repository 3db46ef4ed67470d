/** Only a fragment may be put into the page: not an error page, not the sign-in page that a redirect led to. */
const FRAGMENTS = new Set([200, 422]);

export function guardFragments({ onSignedOut, onFail }) {
  document.addEventListener("htmx:before:response", (event) => {
    const { status, redirected } = event.detail.ctx.response.raw;
    if (FRAGMENTS.has(status) && !redirected) return;
    event.preventDefault();
    if (redirected || status === 401) onSignedOut();
    else if (status !== 404) onFail(`The server answered with status ${status}. Nothing was changed; try again.`);
  });
  document.addEventListener("htmx:error", () =>
    onFail("The server could not be reached. Nothing was changed; try again."),
  );
}
