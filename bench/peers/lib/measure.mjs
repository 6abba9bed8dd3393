// The measurement of one contestant, in a process of its own. The task comes as JSON in the first argument, results go as
// one line of JSON each to file descriptor 3: what libraries print does not get in the way.
import { readFileSync, writeSync } from "node:fs";
import { differenceFrom, TOLERANCE } from "./reference.mjs";

/**
 * @typedef {object} Task
 * @property {string[]} work     names of WORK
 * @property {string} [adapter]  the adapter's name, as Dawn lists it
 * @property {string} [driver]   its kind, as unfold calls it
 * @property {string} folder     where unfold leaves its training steps, for others to repeat
 *
 * @typedef {object} Prepared
 * @property {() => unknown} call                 encodes the work once; may be asynchronous
 * @property {() => Promise<unknown>} finish      resolves when the device has done everything
 * @property {() => Promise<ArrayLike<number>[]>} [results] the results, in the reference's layout; asked for after the first call.
 *   Left out where there is no reference: a training step, whose loss and gradients PyTorch compares with its own in float64
 *
 * @typedef {() => Prepared | Promise<Prepared>} Prepare
 */

/** A sample lasts at least so long, so that the wait at its end counts for little. */
const SAMPLE_MS = 40;
const MOST_CALLS = 32;
/** Fewer samples for slow work: [milliseconds a call, samples]. */
const SAMPLES = [
  [3000, 3],
  [1000, 5],
  [0, 9],
];

/** @type {Task} */
export const task = JSON.parse(process.argv[2] ?? '{"work":[]}');

const reference = JSON.parse(readFileSync(new URL("../reference.json", import.meta.url), "utf8"));

/** Errors that a device reported, which make the result of the work at hand worthless. @type {string[]} */
export const deviceErrors = [];

const report = (line) => writeSync(3, `${JSON.stringify(line)}\n`);

/**
 * Measures everything the task asks for and ends the process.
 * @param {{ version: string, adapter?: () => string | undefined }} about the library's version; the adapter it ran on, where it tells
 * @param {Record<string, Prepare | Prepare[]>} preparations by name of the work; of several ways to do it, the fastest right one counts
 */
export async function measureAll({ version, adapter }, preparations) {
  report({ version });
  for (const name of task.work) {
    const ways = [preparations[name] ?? []].flat();
    if (ways.length === 0) report({ work: name, status: "not offered" });
    else report({ work: name, ...(await bestOf(ways, name)) });
  }
  report({ adapter: adapter?.() });
  process.exit(0); // devices that are still open keep Node alive
}

async function bestOf(ways, name) {
  const outcomes = [];
  for (const prepare of ways) outcomes.push(await measureOne(prepare, name));
  const timed = outcomes.filter(({ status }) => status === "timed");
  return timed.sort((a, b) => a.medianMs - b.medianMs)[0] ?? outcomes[0];
}

/** @param {Prepare} prepare @param {string} name */
async function measureOne(prepare, name) {
  try {
    const start = performance.now();
    const prepared = await prepare();
    await prepared.call();
    await prepared.finish();
    const firstMs = performance.now() - start;
    const difference = prepared.results && differenceFrom(reference[name], await prepared.results());
    if (deviceErrors.length > 0) throw new Error(deviceErrors[0]);
    if (difference > TOLERANCE)
      return {
        status: "wrong",
        problem: `differs from the reference by ${difference.toExponential(1)} of its norm`,
        difference,
      };
    const timing = await time(prepared);
    if (deviceErrors.length > 0) throw new Error(deviceErrors[0]);
    return { status: "timed", ...timing, firstMs, difference };
  } catch (error) {
    return {
      status: "failed",
      problem: String(error?.message ?? error)
        .split("\n")[0]
        .slice(0, 300),
    };
  } finally {
    deviceErrors.length = 0;
  }
}

/** @param {Prepared} prepared */
async function time({ call, finish }) {
  const sample = async (calls) => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) await call();
    await finish();
    return (performance.now() - start) / calls;
  };
  let estimate = await sample(1);
  if (estimate < SAMPLE_MS) estimate = await sample(2);
  const calls = Math.max(1, Math.min(MOST_CALLS, Math.ceil(SAMPLE_MS / estimate)));
  if (calls > 1) await sample(calls);
  const [, count] = SAMPLES.find(([slow]) => estimate >= slow);
  const samples = [];
  for (let i = 0; i < count; i++) samples.push(await sample(calls));
  const medianMs = median(samples);
  return {
    medianMs,
    spreadMs: median(samples.map((ms) => Math.abs(ms - medianMs))),
    minMs: Math.min(...samples),
    maxMs: Math.max(...samples),
    samples: count,
    callsPerSample: calls,
  };
}

/** @param {number[]} numbers */
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
