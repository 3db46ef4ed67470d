/** Rename and delete, from the menu of a row of the sidebar: one dialog each for all rows. htmx sends the form. */
export class RowActions {
  constructor({ root, list }) {
    this.rename = root.querySelector("[data-rename-dialog]");
    this.remove = root.querySelector("[data-delete-dialog]");
    list.addEventListener("click", (event) => this.#pressed(event));
    for (const dialog of [this.rename, this.remove]) {
      dialog.querySelector("[data-cancel]").addEventListener("click", () => dialog.close());
      dialog.addEventListener("htmx:finally:request", () => dialog.close());
    }
  }

  #pressed(event) {
    const button = event.target.closest("[data-rename], [data-delete]");
    if (!button) return;
    const row = button.closest("[data-conversation]");
    row.querySelector("details").open = false;
    if (button.hasAttribute("data-rename")) this.#open(this.rename, row, row.dataset.renameUrl);
    else this.#open(this.remove, row, row.dataset.deleteUrl);
  }

  #open(dialog, row, url) {
    const title = row.querySelector("a").textContent.trim();
    const form = dialog.querySelector("form");
    form.setAttribute("hx-post", url);
    form.action = url;
    for (const place of dialog.querySelectorAll("[data-title]")) place.textContent = title;
    if (form.elements.title) form.elements.title.value = title;
    dialog.showModal();
    form.elements.title?.select();
  }
}
