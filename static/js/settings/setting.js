/**
 * One setting of the page. Its value is what the form would send: the number field's text, or 0 where "no cap" is
 * chosen. `saved` is what the page was made with.
 */
export class Setting {
  constructor(element) {
    this.element = element;
    this.number = element.querySelector("[data-number]");
    this.name = this.number.name;
    this.unit = element.dataset.unit;
    this.none = element.querySelector("[data-cap='none']");
    this.own = element.querySelector("[data-cap='own']");
  }

  get value() {
    return this.none?.checked ? "0" : this.number.value;
  }

  get saved() {
    return this.element.querySelector("[data-saved]").value;
  }

  get isChanged() {
    if (this.number.disabled) return false;
    return this.value === "" || Number(this.value) !== Number(this.saved);
  }

  /** As if the person had typed it. */
  write(value) {
    if (this.none) {
      this.none.checked = Number(value) === 0;
      this.own.checked = !this.none.checked;
    }
    this.number.value = this.none?.checked ? "" : value;
    this.number.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
