/** What people call the models, providers and agents that can be chosen. */
export class Names {
  constructor({ models, agents }) {
    this.models = models;
    this.agents = agents;
  }

  modelOf = ({ provider, model }) => this.models.find((one) => one.provider === provider && one.id === model);
  agentOf = (slug) => this.agents.find((agent) => agent.id === slug);

  provider = (slug) => this.models.find((model) => model.provider === slug)?.provider_name ?? slug ?? "the provider";
  model = (state) => this.modelOf(state)?.name ?? state.model ?? "";
  agent = (slug) => this.agentOf(slug)?.name ?? slug ?? "";
}
