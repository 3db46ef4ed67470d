/**
 * Message rows → what the transcript shows: questions, and one turn state per answer. A turn whose events are no longer
 * kept is rebuilt from its rows; one that is running goes on from the state that the page was given.
 */
import { emptyTurn } from "./turn-state.js";

/** `[{ kind: "question", message } | { kind: "turn", state, siblings }]` in the order of the conversation. */
export function entriesOf({ messages, turns, conversation }) {
  return exchangesIn(messages).flatMap(({ question, answers }) => {
    const ofTurn = Map.groupBy(answers, (row) => row.turn ?? `of ${answers[0].id}`); // imported rows have no turn
    const unanswered = !answers.length && question && latestOf(turns, question.id); // it failed or has only begun
    if (unanswered) ofTurn.set(unanswered.turn, []);
    const shown = [...ofTurn].map(([turn, rows]) => ({
      kind: "turn",
      state: stateOf({ turn, conversation, question: question?.id ?? null, state: turns[turn], answers: rows }),
      siblings: siblingsOf(rows),
    }));
    return question ? [{ kind: "question", message: question }, ...shown] : shown;
  });
}

/** Each question with the rows that answer it; the first may lack its question, which is on an older page. */
function exchangesIn(messages) {
  const exchanges = [];
  for (const message of messages) {
    if (message.role === "user") exchanges.push({ question: message, answers: [] });
    else if (exchanges.length) exchanges.at(-1).answers.push(message);
    else exchanges.push({ question: null, answers: [message] });
  }
  return exchanges;
}

const siblingsOf = (answers) => answers.find((row) => row.role === "assistant")?.siblings ?? null;

function latestOf(turns, question) {
  return Object.values(turns).findLast((state) => state.question === question && state.status !== "queued");
}

function stateOf({ turn, conversation, question, state, answers }) {
  const base = state ?? { ...emptyTurn({ turn, conversation }), status: "completed", question };
  const known = new Map(base.iterations.map((iteration) => [iteration.message, iteration]));
  const results = resultsIn(answers);
  const kept = answers
    .filter((row) => row.role === "assistant")
    .map((row, index) => known.get(row.id) ?? iterationOf({ row, n: index + 1, results }));
  const ids = new Set(kept.map((iteration) => iteration.message));
  const newer = base.iterations.filter((iteration) => !ids.has(iteration.message));
  const iterations = [...kept, ...newer].sort((one, other) => one.n - other.n);
  return { ...base, iterations, n: base.n || iterations.length };
}

const resultsIn = (rows) =>
  new Map(
    rows
      .filter((row) => row.role === "tool")
      .flatMap((row) => row.parts)
      .map((part) => [part.call_id, part]),
  );

function iterationOf({ row, n, results }) {
  const ofKind = (kind) => row.parts.filter((part) => part.kind === kind);
  return {
    n,
    message: row.id,
    text: row.text,
    reasoning: ofKind("reasoning")
      .map((part) => part.text)
      .join("\n\n"),
    tools: ofKind("tool_call").map((call) => toolOf(call, results.get(call.id))),
    context: null,
    usage: row.usage ?? null,
  };
}

function toolOf(call, result) {
  const { id, name, arguments: given } = call;
  const ok = result ? result.ok : null;
  return { id, name, arguments: given, ok, preview: result?.text ?? "", tokens: null, shortened: false };
}
