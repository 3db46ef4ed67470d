/** What the entries would mean, asked of the server while they are made: it alone knows limits, rules and agents. */
const PAUSE = 150; // milliseconds without a change

export function previewMeaning(form) {
  let timer = 0;
  let asking = null;

  form.addEventListener("input", (event) => {
    if (!event.target.closest("[data-setting]")) return;
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });

  async function ask() {
    asking?.abort();
    asking = new AbortController();
    try {
      const body = new FormData(form);
      const answer = await fetch(form.dataset.preview, { method: "POST", body, signal: asking.signal });
      if (answer.ok && !answer.redirected) show(await answer.text());
    } catch (error) {
      // Offline, or a newer question is under way: what stands there stays.
      if (error.name !== "AbortError" && !(error instanceof TypeError)) throw error;
    }
  }

  function show(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    for (const part of form.querySelectorAll("[data-live]")) {
      const now = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
      if (now && now.innerHTML !== part.innerHTML) part.replaceChildren(...now.childNodes);
    }
  }
}
