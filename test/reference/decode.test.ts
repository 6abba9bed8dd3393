import { test } from "vitest";
import { greedySearch } from "../../model/decode/greedy.ts";
import { prefixBeamSearch } from "../../model/decode/prefix_beam.ts";
import {
  addErrors,
  compareTexts,
  cutText,
  errorRate,
  type ErrorUnit,
} from "../../recognition/evaluation/error_rate.ts";
import { expectClose, loadBook } from "./book.ts";

const searches = loadBook<{ blank: number; beam: number; classes_per_frame: number | null }>("decode/ctc_search");

type SearchCase = (typeof searches.cases)[number];

const checks: Record<string, (searchCase: SearchCase) => void> = {
  ctc_greedy_search({ attrs, inputs, outputs }) {
    const { values, shape } = inputs.floats("log_probs");
    const { labels, score } = greedySearch(values, shape[1]!, { blank: attrs.blank });
    expectClose(labels, outputs.integers("labels"));
    expectClose([score], outputs.floats("score"));
  },

  ctc_prefix_beam_search({ attrs, inputs, outputs }) {
    const { values, shape } = inputs.floats("log_probs");
    const found = prefixBeamSearch(values, shape[1]!, {
      beam: attrs.beam,
      blank: attrs.blank,
      classesPerFrame: attrs.classes_per_frame,
    });
    const longest = outputs.integers("labels").shape[1]!;
    const padded = found.flatMap(({ labels }) => Array.from({ length: longest }, (_, i) => labels[i] ?? -1));
    expectClose(
      found.map(({ labels }) => labels.length),
      outputs.integers("lengths"),
    );
    expectClose(padded, outputs.integers("labels"));
    expectClose(
      found.map(({ score }) => score),
      outputs.floats("scores"),
    );
  },
};

test.each(searches.cases)("$name", (searchCase) => {
  const check = checks[searchCase.op];
  if (!check) throw new Error(`no test for the operation ${searchCase.op}`);
  check(searchCase);
});

const scores = loadBook<{ unit: ErrorUnit; references: string[]; hypotheses: string[] }>("decode/error_rate");

test.each(scores.cases)("$name", ({ attrs: { unit, references, hypotheses }, outputs }) => {
  const counts = references.map((reference, i) => compareTexts(reference, hypotheses[i]!, unit));
  const flat = counts.flatMap(({ substitutions, deletions, insertions }) => [substitutions, deletions, insertions]);
  expectClose(flat, outputs.integers("counts"));
  expectClose(
    references.map((text) => cutText(text, unit).length),
    outputs.integers("reference_lengths"),
  );
  expectClose(
    counts.map((c) => c.references),
    outputs.integers("reference_lengths"),
  );
  expectClose([errorRate(addErrors(counts))], outputs.floats("rate"));
});
