/** What one pass of the agent loop wrote: its thoughts (folded), its text, its tool calls, and the steps of an agent
 * that it handed a task to. */
import { el, icon, say } from "../dom.js";
import { StreamedMarkdown } from "../markdown/streamed-markdown.js";
import { ToolCard } from "./tool-card.js";
import { stepWords } from "./words.js";
import { visibleControls } from "../markdown/visible-controls.js";

export class IterationView {
  #shown = null;
  #ended = false;
  #cards = new Map();
  #handed = new Map();

  constructor(iteration, names) {
    this.names = names;
    this.thoughts = el("p", { class: "thoughts", dir: "auto" });
    this.reasoning = el("details", { class: "reasoning", hidden: true });
    this.reasoning.append(el("summary", {}, icon("thought"), "Thoughts"), this.thoughts);
    this.body = el("div", { class: "prose", dir: "auto", "hx-ignore": true });
    this.tools = el("div", { class: "tools" });
    this.markdown = new StreamedMarkdown(this.body);
    this.element = el("div", { class: "iteration", "data-message": iteration.message });
    this.element.append(this.reasoning, this.body, this.tools);
  }

  /** `ended`: no more text will come for it. */
  update(iteration, ended) {
    if (iteration === this.#shown && ended === this.#ended) return;
    this.#showThoughts(iteration.reasoning);
    if (ended) this.markdown.finish(iteration.text);
    else this.markdown.update(iteration.text);
    for (const tool of iteration.tools) {
      this.#showTool(tool, ended);
      if (tool.delegated) this.#showSteps(tool, ended);
    }
    this.#shown = iteration;
    this.#ended = ended;
  }

  #showThoughts(text) {
    this.reasoning.hidden = !text;
    const seen = visibleControls(text);
    if (seen.startsWith(this.thoughts.textContent)) this.thoughts.append(seen.slice(this.thoughts.textContent.length));
    else this.thoughts.textContent = seen;
  }

  #showTool(tool, ended) {
    const card = this.#cards.get(tool.id);
    if (card) card.update(tool);
    else {
      this.#cards.set(tool.id, new ToolCard(tool));
      this.tools.append(this.#cards.get(tool.id).element);
    }
    if (ended) this.#cards.get(tool.id).end(tool);
  }

  #showSteps(tool, ended) {
    if (!this.#handed.has(tool.id)) {
      this.#handed.set(tool.id, new Steps(tool.delegated, this.names));
      this.#cards.get(tool.id).nest(this.#handed.get(tool.id).element);
    }
    this.#handed.get(tool.id).update(tool.delegated, ended || tool.ok !== null);
    this.#cards.get(tool.id).handedTo(this.names.agent(tool.delegated.agent), tool, ended);
  }
}

/** What another agent did for a call, iteration by iteration. */
class Steps {
  #views = [];

  constructor({ agent }, names) {
    this.names = names;
    this.element = el("ol", { class: "steps", "aria-label": `Steps of ${names.agent(agent)}` });
  }

  update({ iterations }, ended) {
    iterations.forEach((step, index) => {
      this.#views[index] ??= this.#add(step);
      const { view, sent } = this.#views[index];
      view.update(step, ended || index < iterations.length - 1);
      say(sent, stepWords(step));
    });
  }

  #add(step) {
    const sent = el("p", { class: "whisper number" });
    const view = new IterationView(step, this.names);
    this.element.append(el("li", {}, sent, view.element));
    return { view, sent };
  }
}
