/**
 * CTC prefix beam search with an n-gram model over a test set of made-up posteriors: on the main thread, and on worker
 * threads. Checks that both find the same, bit by bit, and prints median seconds; `cpuSeconds` are those of all cores
 * together, for machines that do other things meanwhile.
 *
 *     npm run build && node dist/bench/decode/prefix_beam.js characters --threads 2 --json runs/decode.json
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { CharacterUnits } from "../../model/units/characters.ts";
import type { BeamHypothesis } from "../../model/decode/prefix_beam.ts";
import { search } from "../../model/decode/search.ts";
import { openSearch, type OpenedSearch } from "../../recognition/threads/open_search.ts";
import { median } from "../wav2vec2/median_times.ts";
import { madeUpSet, ngramText } from "./made_up.ts";

/** Sizes of a character model, and of one of 1,000 subwords, which have fewer frames. */
const SIZES = {
  characters: { vocab: 28, frames: 600, labelsPerFrame: 0.35 },
  subwords: { vocab: 1000, frames: 250, labelsPerFrame: 0.3 },
} as const;

const { positionals, values: given } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: "string", default: String(availableParallelism()) },
    utterances: { type: "string", default: "32" },
    beam: { type: "string", default: "16" },
    rounds: { type: "string", default: "5" },
    json: { type: "string" },
  },
});
const size = (positionals[0] ?? "characters") as keyof typeof SIZES;
if (!SIZES[size]) throw new Error(`${size} is not a size, expected ${Object.keys(SIZES).join(" or ")}`);
const [threads, count, beam, rounds] = [given.threads, given.utterances, given.beam, given.rounds].map(Number) as [
  number,
  number,
  number,
  number,
];
const { vocab } = SIZES[size];
const folder = mkdtempSync(join(tmpdir(), "unfold-bench-decode-"));
const arpa = join(folder, "ngrams.arpa");
// A private-use character for each class: units of any size that a character model can spell.
const characters = Array.from({ length: vocab - 1 }, (_, k) => (k === 0 ? " " : String.fromCodePoint(0xe000 + k)));
const units = new CharacterUnits(characters);
const set = madeUpSet(count, SIZES[size]);
writeFileSync(arpa, ngramText(characters, set.texts, 4));
const settings = { beam, lm: { arpa, weight: 0.5, bonus: 0.5, level: "character" as const } };

/** A search's seconds in each round: of the clock, and of all cores together. */
class Timed {
  readonly seconds: number[] = [];
  readonly cpuSeconds: number[] = [];
  readonly #opened: OpenedSearch;

  constructor(opened: OpenedSearch) {
    this.#opened = opened;
  }

  async round(): Promise<BeamHypothesis[][]> {
    const [started, before] = [performance.now(), process.cpuUsage()];
    const found = await Promise.all(set.logProbs.map((logProbs) => search(logProbs, vocab, 0, this.#opened.options)));
    const { user, system } = process.cpuUsage(before);
    this.seconds.push((performance.now() - started) / 1000);
    this.cpuSeconds.push((user + system) / 1e6);
    return found;
  }

  /** Medians, without the first round, in which code is compiled and threads start. */
  get report(): { firstSeconds: number; seconds: number; cpuSeconds: number } {
    const [first, ...others] = this.seconds as [number, ...number[]];
    return { firstSeconds: first, seconds: median(others), cpuSeconds: median(this.cpuSeconds.slice(1)) };
  }

  close(): void {
    this.#opened.close();
  }
}

try {
  const inPlace = new Timed(await openSearch(settings, units, 1));
  const onThreads = new Timed(await openSearch(settings, units, threads));
  // In turns, so that what else the machine does slows both.
  for (let round = 0; round <= rounds; round++)
    if (!isDeepStrictEqual(await inPlace.round(), await onThreads.round()))
      throw new Error("the threads found something else");
  onThreads.close();
  const report = {
    size,
    utterances: count,
    frames: set.logProbs.reduce((sum, { length }) => sum + length / vocab, 0),
    vocabulary: vocab,
    beam,
    cores: availableParallelism(),
    load: loadavg()[0],
    date: new Date().toISOString().slice(0, 10),
    mainThread: inPlace.report,
    threads: { number: threads, ...onThreads.report },
    speedUp: inPlace.report.seconds / onThreads.report.seconds,
  };
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  if (given.json !== undefined) writeFileSync(given.json, `${JSON.stringify(report, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}
