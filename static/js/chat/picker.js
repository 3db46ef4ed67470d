/** Which agent and which model the next message goes to. */
import { el } from "../dom.js";

export class Picker {
  /** `onChange` is given { agent, provider, model } after the user chose. */
  constructor({ form, names, memory, onChange }) {
    this.agent = form.elements.agent;
    this.model = form.elements.model;
    this.names = names;
    this.memory = memory;
    this.agent.replaceChildren(...names.agents.map(({ id, name }) => el("option", { value: id }, name)));
    this.model.replaceChildren(...modelGroups(names.models));
    for (const select of [this.agent, this.model]) {
      select.addEventListener("change", () => {
        this.memory.set("picker", this.chosen());
        onChange(this.chosen());
      });
    }
  }

  /** Show what `conversation` uses; for a new chat, what was chosen last. */
  open(conversation) {
    const { agent, provider, model } = conversation ?? this.memory.get("picker") ?? {};
    if (conversation && !this.names.agentOf(agent)) this.#addGone(agent);
    this.agent.value = this.names.agentOf(agent)?.id ?? conversation?.agent ?? this.names.agents[0]?.id ?? "";
    this.model.value = keyOf(this.names.modelOf({ provider, model }) ?? this.names.models[0]);
  }

  chosen() {
    const model = this.chosenModel();
    return { agent: this.agent.value, provider: model?.provider ?? null, model: model?.id ?? null };
  }

  /** The conversation's agent is switched off or gone: it is shown, so that another one can be chosen instead. */
  #addGone(agent) {
    this.agent.prepend(el("option", { value: agent, disabled: true }, `${this.names.agent(agent)} (switched off)`));
  }

  chosenModel = () => this.names.models.find((model) => keyOf(model) === this.model.value);
}

/** The options of a choice among `models`, by provider. */
export function modelGroups(models) {
  const groups = Map.groupBy(models, (model) => model.provider_name);
  return [...groups].map(([label, ofProvider]) => el("optgroup", { label }, ...ofProvider.map(optionOf)));
}

/** A model that its vendor soon stops to serve says so in its name; the whole sentence is its title. */
function optionOf(model) {
  const option = el("option", { value: keyOf(model) }, model.retirement ? `${model.name} (retires soon)` : model.name);
  option.title = model.retirement;
  return option;
}

/** The value of a model's option. */
export const keyOf = (model) => (model ? `${model.provider} ${model.id}` : "");
