/** The one polite status region: what a person who cannot see the page needs to hear, once. */
const LONGEST = 1_000; // characters of an answer that are read out

export class Announcer {
  constructor(element) {
    this.element = element;
  }

  say = (text) => {
    this.element.textContent = text;
  };

  answering = () => this.say("Answering");

  /** `text` is empty when there is no answer; `words` say how the turn ended, in whole sentences. */
  ended({ text, words }) {
    const answer = text.length > LONGEST ? `${text.slice(0, LONGEST)} … The answer goes on in the conversation.` : text;
    this.say([words, answer].filter(Boolean).join(" "));
  }
}
