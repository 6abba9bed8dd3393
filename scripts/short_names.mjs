// Shortens the names in shaders that nothing outside them knows: functions, variables and parameters.

/** A number, a word, or any other character. */
const TOKEN = /\d[\w.]*|[A-Za-z_]\w*|\s+|[^]/gu;
const WORD = /^[A-Za-z_]\w*$/u;
/** Words of WGSL: those that are as short as new names, and the one that a colon follows as it follows a parameter. */
const RESERVED = ["as", "do", "fn", "if", "of", "default"];

/**
 * Renames in all texts alike: one name becomes one shorter name everywhere, and two names never the same, so no declaration comes to
 * hide another one. Names that a program knows stay: bindings, fields, constants, aliases, types and `main`; so do those that any
 * shader uses without declaring them, which are WGSL's own.
 *
 * @param texts   shaders and the parts that they include, without comments, by path
 * @param shaders whole shaders: texts with their includes expanded
 * @returns the texts with short names, by path
 */
export function withShortNames(texts, shaders) {
  const kept = new Set(["main", ...RESERVED]);
  const uses = new Map();
  for (const shader of shaders) for (const name of namesToKeep(shader)) kept.add(name);
  for (const text of texts.values())
    for (const { word, member } of wordsOf(text)) {
      uses.set(word, (uses.get(word) ?? 0) + 1);
      if (member) kept.add(word);
    }
  const renamed = [...uses.keys()]
    .filter((word) => !kept.has(word))
    .sort((a, b) => uses.get(b) - uses.get(a) || (a < b ? -1 : 1));
  const fresh = freshNames(kept);
  const short = new Map(renamed.map((word) => [word, fresh.next().value]));
  return new Map(
    [...texts].map(([path, text]) => [
      path,
      text
        .split("\n")
        .map((line) =>
          line.startsWith("// include ") ? line : line.replace(TOKEN, (token) => short.get(token) ?? token),
        )
        .join("\n"),
    ]),
  );
}

/** The words of a shader that are not declared in it by `fn`, `let`, `var` or as a parameter. */
function namesToKeep(shader) {
  const declared = new Set();
  const outside = new Set();
  const words = wordsOf(shader);
  for (const { word, declares, outer } of words) {
    if (declares) declared.add(word);
    if (outer) outside.add(word);
  }
  return words.map(({ word }) => word).filter((word) => !declared.has(word) || outside.has(word));
}

/**
 * Each word with its role: `declares` if it names a function, variable or parameter, `outer` if it names a binding, a field, a
 * constant, an alias or a type, `member` if it follows a dot.
 */
function wordsOf(text) {
  const tokens = text.match(TOKEN).filter((token) => token.trim() !== "");
  const words = [];
  let structs = 0; // 1 inside the braces of a struct
  let bound = false; // from @group or var<immediate> to the end of that declaration
  tokens.forEach((word, i) => {
    if (tokens[i - 2] === "struct" && word === "{") structs = 1;
    if (word === "}") structs = 0;
    if (word === ";") bound = false;
    if (!WORD.test(word)) return;
    if (word === "group" || word === "immediate") bound = true;
    const before = tokens[i - 1];
    const named = ["fn", "let"].includes(before) || isVariable(tokens, i);
    const typed = tokens[i + 1] === ":";
    words.push({
      word,
      member: before === ".",
      declares: (named || (typed && structs === 0)) && !bound && before !== "const",
      outer: ["const", "alias", "struct", "override"].includes(before) || (bound && named) || (typed && structs === 1),
    });
  });
  return words;
}

/** True for the name in `var name` and `var<workgroup> name`. */
function isVariable(tokens, i) {
  if (tokens[i - 1] === "var") return true;
  return (
    tokens[i - 1] === ">" &&
    tokens
      .slice(Math.max(0, i - 7), i - 1)
      .join("")
      .match(/var<[\w,]*$/u) !== null
  );
}

/** a, b, …, aa, ab, … without those that are taken. */
function* freshNames(taken) {
  const letters = [..."abcdefghijklmnopqrstuvwxyz"];
  for (const name of [...letters, ...letters.flatMap((a) => letters.map((b) => a + b))])
    if (!taken.has(name)) yield name;
  throw new Error("there are more names in shaders than short ones");
}
