/** Keeps the newest words in sight while the reader is at the end; leaves a reader who has scrolled away in peace. */
const NEAR = 80; // pixels from the end that still count as the end

export class Follow {
  #following = true;

  /** `scroller` scrolls; `button` jumps to the end and is there only when it is of use. */
  constructor({ scroller, button }) {
    this.scroller = scroller;
    this.button = button;
    scroller.addEventListener("scroll", () => this.#look(), { passive: true });
    button.addEventListener("click", () => this.jump());
    new ResizeObserver(() => this.keep()).observe(scroller);
  }

  /** Call after every change of the content. */
  keep() {
    if (this.#following) this.scroller.scrollTop = this.scroller.scrollHeight;
    this.button.hidden = this.#following;
  }

  jump() {
    this.#following = true;
    this.keep();
  }

  /** Run `change`, which puts content above what is read, without moving what is read. */
  holding(change) {
    const fromEnd = this.scroller.scrollHeight - this.scroller.scrollTop;
    change();
    this.scroller.scrollTop = this.scroller.scrollHeight - fromEnd;
  }

  #look() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    this.#following = scrollHeight - scrollTop - clientHeight <= NEAR;
    this.button.hidden = this.#following;
  }
}
