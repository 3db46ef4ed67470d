/** What the state of a turn is made of: its iterations and their tool calls, as events tell them. */

const RESULT = ["ok", "preview", "tokens", "shortened", "took_ms"];

export const pick = (event, names) => Object.fromEntries(names.map((name) => [name, event[name] ?? null]));

export const countedTokens = (event) =>
  Object.fromEntries(Object.entries(event).filter(([name]) => name.endsWith("_tokens")));

export const newTool = ({ id, name, arguments: given }) => ({
  id,
  name,
  arguments: given,
  ok: null,
  preview: "",
  tokens: null,
  shortened: false,
  took_ms: null,
  approval: null,
});

export const emptyIteration = ({ n, message }) => ({
  n,
  message,
  text: "",
  reasoning: "",
  tools: [],
  context: null,
  usage: null,
});

export const putResult = (tools, event) =>
  tools.map((tool) => (tool.id === event.id ? { ...tool, ...pick(event, RESULT) } : tool));

export const noLongerWaiting = (state) => (state.waiting ? { status: "running", waiting: null } : {});
