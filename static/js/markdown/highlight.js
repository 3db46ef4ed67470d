/** Colours for finished code blocks. The highlighter and each language are fetched when a block first needs them. */
import { sanitisePaint } from "./sanitise.js";

const LANGUAGES = {
  bash: "sh shell zsh console",
  c: "h",
  cpp: "c++ cc hpp",
  csharp: "cs c#",
  css: "",
  diff: "patch",
  dockerfile: "docker",
  go: "golang",
  graphql: "gql",
  ini: "toml conf cfg",
  java: "",
  javascript: "js jsx mjs cjs node",
  json: "jsonc json5 ndjson",
  kotlin: "kt",
  lua: "",
  makefile: "make mk",
  markdown: "md",
  php: "",
  powershell: "ps1 pwsh",
  python: "py python3 pyi",
  ruby: "rb",
  rust: "rs",
  sql: "postgres postgresql mysql sqlite",
  swift: "",
  typescript: "ts tsx",
  xml: "html svg xhtml vue",
  yaml: "yml",
};

const NAMES = new Map(
  Object.entries(LANGUAGES).flatMap(([name, others]) => [name, ...others.split(" ")].map((other) => [other, name])),
);
const LONGEST = 60_000; // characters; longer code stays plain, so that no frame is held up

/** Colour the code blocks in `block`, when their language is there. A block without a known language stays plain. */
export function highlight(block) {
  for (const code of block.querySelectorAll("pre > code[class]")) paint(code);
}

async function paint(code) {
  const name = NAMES.get(/language-(\S+)/.exec(code.className)?.[1].toLowerCase());
  const text = code.textContent;
  if (!name || text.length > LONGEST) return;
  const highlighter = await ready(name);
  if (code.textContent !== text) return;
  code.replaceChildren(sanitisePaint(highlighter.highlight(text, { language: name }).value));
}

const loaded = new Map();

function ready(name) {
  if (!loaded.has(name)) loaded.set(name, load(name));
  return loaded.get(name);
}

async function load(name) {
  const [core, language] = await Promise.all([
    import("../../lib/highlight/core.min.js"),
    import(`../../lib/highlight/languages/${name}.min.js`),
  ]);
  core.default.registerLanguage(name, language.default);
  return core.default;
}
