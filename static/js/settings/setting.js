/**
 * One setting of the page. Its value is what the form would send: the number field's text, 0 where "no cap" is chosen,
 * or the chosen word. `saved` is what the page was made with.
 */
export class Setting {
  constructor(element) {
    this.element = element;
    this.number = element.querySelector("[data-number]");
    this.word = element.querySelector("[data-word]");
    this.field = this.number ?? this.word;
    this.name = this.field.name;
    this.unit = element.dataset.unit;
    this.none = element.querySelector("[data-cap='none']");
    this.own = element.querySelector("[data-cap='own']");
  }

  get value() {
    return this.none?.checked ? "0" : this.field.value;
  }

  get saved() {
    return this.element.querySelector("[data-saved]").value;
  }

  get isChanged() {
    if (this.field.disabled) return false;
    return !this.isSame(this.value, this.saved);
  }

  /** 0.7 and 0.70 are one number; an empty field is none. */
  isSame(one, other) {
    if (this.word || one === "" || other === "") return String(one) === String(other);
    return Number(one) === Number(other);
  }

  /** As if the person had typed or chosen it. */
  write(value) {
    if (this.none) {
      this.none.checked = Number(value) === 0;
      this.own.checked = !this.none.checked;
    }
    this.field.value = this.none?.checked ? "" : value;
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
