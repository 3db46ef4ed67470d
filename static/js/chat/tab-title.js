/** The tab says it when an answer has come, or a decision is needed, while the reader was elsewhere. */
export class TabTitle {
  constructor() {
    document.addEventListener("visibilitychange", () => document.hidden || this.clear());
  }

  answered() {
    if (document.hidden && !document.title.startsWith(MARK)) document.title = MARK + document.title;
  }

  clear() {
    if (document.title.startsWith(MARK)) document.title = document.title.slice(MARK.length);
  }
}

const MARK = "● ";
