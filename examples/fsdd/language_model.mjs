// Estimates a small n-gram language model of a manifest's texts and writes it in the ARPA format:
//
//     node examples/fsdd/language_model.mjs fsdd-digits/train.jsonl 2 words > digits.arpa
//     node examples/fsdd/language_model.mjs fsdd-digits/train.jsonl 5 characters > letters.arpa
//
// Interpolated Witten-Bell smoothing (Chen & Goodman 1999, "An empirical study of smoothing techniques for language
// modeling", section 2.4). After the words h, seen c(h) times and followed by T(h) different words,
//
//     p(w | h) = (c(h w) + T(h) p(w | h')) / (c(h) + T(h)),     h' = h without its first word,
//
// down to equal probabilities for all words and <unk>. So T(h) / (c(h) + T(h)) is the back-off weight. Everything is kept in
// memory, for texts of up to some million words; larger ones are for KenLM or SRILM, whose files are read as well.
import { readFileSync } from "node:fs";
import process from "node:process";

const [manifest, orderText, unit] = process.argv.slice(2);
const order = Number(orderText);
if (!manifest || !(Number.isInteger(order) && order >= 1) || (unit !== "words" && unit !== "characters")) {
  process.stderr.write("usage: language_model.mjs MANIFEST ORDER words|characters\n");
  process.exit(2);
}

const texts = readFileSync(manifest, "utf8")
  .split("\n")
  .filter((line) => line.trim() !== "")
  .map((line) => JSON.parse(line).text.trim().replace(/\s+/gu, " "));
const cut = (text) =>
  unit === "words" ? text.split(" ") : [...text].map((character) => (character === " " ? "<space>" : character));

/** Words and their counts after each context of 0 to order - 1 words; words are joined with spaces. */
const after = new Map([["", new Map()]]);
for (const text of texts) {
  const words = ["<s>", ...cut(text), "</s>"];
  for (let i = 1; i < words.length; i++) {
    for (let n = 0; n < order && n <= i; n++) {
      const context = words.slice(i - n, i).join(" ");
      if (!after.has(context)) after.set(context, new Map());
      const counts = after.get(context);
      counts.set(words[i], (counts.get(words[i]) ?? 0) + 1);
    }
  }
}

const vocabulary = [...after.get("").keys(), "<unk>"];
const total = new Map(
  [...after].map(([context, counts]) => [context, [...counts.values()].reduce((sum, count) => sum + count, 0)]),
);
const reserved = (context) => after.get(context).size / (total.get(context) + after.get(context).size);

function probability(context, word) {
  const shorter = context === "" ? 1 / vocabulary.length : probability(context.split(" ").slice(1).join(" "), word);
  return (
    (after.get(context).get(word) ?? 0) / (total.get(context) + after.get(context).size) + reserved(context) * shorter
  );
}

const log10 = (p) => Math.log10(p).toFixed(6);
const lines = Array.from({ length: order }, () => []);
const add = (context, word, logProb) => {
  const words = context === "" ? word : `${context} ${word}`;
  const n = words.split(" ").length;
  lines[n - 1].push(`${logProb}\t${words}${after.has(words) && n < order ? `\t${log10(reserved(words))}` : ""}`);
};
add("", "<s>", "-99");
for (const word of vocabulary) add("", word, log10(probability("", word)));
for (const [context, counts] of after)
  if (context !== "") for (const word of counts.keys()) add(context, word, log10(probability(context, word)));

const sections = lines.map((ngrams, i) => `\\${i + 1}-grams:\n${ngrams.join("\n")}\n`);
process.stdout.write(
  `\\data\\\n${lines.map((ngrams, i) => `ngram ${i + 1}=${ngrams.length}\n`).join("")}\n${sections.join("\n")}\n\\end\\\n`,
);
