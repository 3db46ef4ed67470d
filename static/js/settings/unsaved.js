/** Says beside the button whether everything is saved, marks each changed setting, and warns before changes are lost. */
import { say } from "../dom.js";

export class Unsaved {
  constructor({ form, settings }) {
    this.settings = settings;
    this.state = form.querySelector("[data-saved-state]");
    this.discard = form.querySelector("[data-discard]");
    this.news = this.state.dataset.said;
    this.leaving = false;
    form.addEventListener("input", () => ((this.news = ""), this.tell()));
    form.addEventListener("submit", () => this.leave());
    this.discard.addEventListener("click", () => this.leave());
    addEventListener("pageshow", () => ((this.leaving = false), this.tell()));
    addEventListener("beforeunload", (event) => {
      if (this.count && !this.leaving) event.preventDefault();
    });
    // A page that comes with news: a status is read out only if it changes.
    say(this.state, "");
    setTimeout(() => this.tell());
  }

  get count() {
    return this.settings.filter((setting) => setting.isChanged).length;
  }

  /** From here on nothing is asked: it is known that what is not saved is lost. */
  leave() {
    this.leaving = true;
  }

  tell() {
    for (const setting of this.settings) setting.element.toggleAttribute("data-changed", setting.isChanged);
    const { count } = this;
    this.discard.hidden = !count;
    this.state.classList.toggle("unsaved", count > 0);
    const unsaved = count ? `${count} unsaved ${count === 1 ? "change" : "changes"}` : "";
    say(this.state, [this.news, unsaved].filter(Boolean).join(" ") || "All saved");
  }
}
