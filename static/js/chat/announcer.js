/** The one polite status region: what one who cannot see the page needs to hear, once; how much, they choose. */
const SETTING = "tokenproject-read-answers";
const LONGEST = { whole: Infinity, beginning: 300, no: 0 }; // characters of an answer that are read out

export class Announcer {
  /** `select` chooses how much of an answer is read out: one of the keys of LONGEST. */
  constructor({ element, select }) {
    this.element = element;
    this.select = select;
    select.value = localStorage.getItem(SETTING) ?? "whole";
    select.addEventListener("change", () => localStorage.setItem(SETTING, select.value));
  }

  say = (text) => {
    this.element.textContent = text;
  };

  answering = () => this.say("Answering");

  /** `text` is empty when there is no answer; `words` say how the turn ended, in whole sentences. */
  ended({ text, words }) {
    const longest = LONGEST[this.select.value] ?? Infinity;
    const answer = text.length > longest ? `${text.slice(0, longest)} …` : text;
    this.say([words || (longest ? "" : "Answered."), longest ? answer : ""].filter(Boolean).join(" "));
  }
}
