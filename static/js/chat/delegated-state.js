/**
 * The steps of a run that was handed to another agent, as part of its turn's state: they stand with the call that the
 * run is for, under `delegated`. The same function as `chat/delegated_state.py`, for the browser.
 */
import { countedTokens, emptyIteration, newTool, noLongerWaiting, pick, putResult } from "./turn-pieces.js";

const CONTEXT = ["tokens", "limit", "left_out", "built_tokens", "reply_cap"];

export const APPLY = {
  // Comes again for an iteration whose call is sent in another form than it was built.
  "delegate.iteration": (state, event) => ({
    n: event.n,
    max: event.max,
    ...withSteps(state, event, (steps) => {
      const isNew = steps.at(-1)?.n !== event.n;
      const step = isNew ? emptyIteration(event) : steps.at(-1);
      const context = { call: event.model_call, ...pick(event, CONTEXT) };
      return [...(isNew ? steps : steps.slice(0, -1)), { ...step, context }];
    }),
  }),
  "delegate.answer": (state, event) => ({
    ...noLongerWaiting(state),
    ...withLast(state, event, () => ({ text: event.text, reasoning: event.reasoning, usage: countedTokens(event) })),
  }),
  "delegate.tool": (state, event) => withLast(state, event, (step) => ({ tools: [...step.tools, newTool(event)] })),
  "delegate.result": (state, event) => withLast(state, event, (step) => ({ tools: putResult(step.tools, event) })),
};

function withSteps(state, event, change) {
  const last = state.iterations.at(-1);
  const tools = last.tools.map((tool) => {
    if (tool.id !== event.call) return tool;
    const { agent, iterations } = tool.delegated ?? { agent: event.agent ?? null, iterations: [] };
    return { ...tool, delegated: { agent, iterations: change(iterations) } };
  });
  return { iterations: [...state.iterations.slice(0, -1), { ...last, tools }] };
}

const withLast = (state, event, change) =>
  withSteps(state, event, (steps) => [...steps.slice(0, -1), { ...steps.at(-1), ...change(steps.at(-1)) }]);

/** The call that another agent works on now; undefined where none does. */
export const handedOn = (state) =>
  state.iterations.at(-1)?.tools.find((tool) => tool.ok === null && tool.delegated?.iterations.length);

/** What the newest model call of the turn carried, whoever made it; null before the first. */
export function newestSent(state) {
  const step = handedOn(state)?.delegated.iterations.at(-1) ?? state.iterations.at(-1);
  return step?.context ?? null;
}

/** How many iterations the turn has taken, with those of the agents that it handed a task. */
export const iterationsTaken = (state) =>
  state.iterations
    .flatMap(({ tools }) => tools)
    .reduce((sum, { delegated }) => sum + (delegated?.iterations.length ?? 0), state.iterations.length);
