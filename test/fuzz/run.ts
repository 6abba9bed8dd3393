/*
 * Fuzzes the readers of files: `node --import ./scripts/typescript_loader.mjs test/fuzz/run.ts` reads 10,000 mutants of each
 * format. Options: --formats wav,mp3 --seed 1 --from 0 --to 10000 --folder DIR. Exit code 1 if there is a finding; the
 * mutants with findings stay in the folder.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { FORMATS } from "./formats.ts";
import { fuzz, type FuzzOptions, type Outcome } from "./fuzz.ts";

/** A mutant that takes longer hangs. Good files take some milliseconds. */
const HANG_SECONDS = 120;

type Message = { readonly index: number } | { readonly outcome: Outcome };

/** In a thread of its own, which can be ended when it hangs. */
async function work(): Promise<void> {
  const { name, options } = workerData as { name: string; options: FuzzOptions };
  const post = (message: Message): void => parentPort?.postMessage(message);
  const { counts, findings } = await fuzz(name, { ...options, onStart: (index) => post({ index }) });
  const described = findings.map(({ index, file, error }) => ({ index, file, error: describe(error) }));
  post({ outcome: { counts, findings: described } });
}

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      formats: { type: "string", default: Object.keys(FORMATS).join(",") },
      seed: { type: "string", default: "1" },
      from: { type: "string", default: "0" },
      to: { type: "string", default: "10000" },
      folder: { type: "string", default: join(tmpdir(), "unfold-fuzz") },
    },
  });
  const [seed, from, to] = [Number(values.seed), Number(values.from), Number(values.to)];
  for (const name of values.formats.split(",")) {
    const started = performance.now();
    const outcome = await inThread(name, { seed, from, to, folder: values.folder });
    const { counts, findings } = outcome;
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    console.log(
      `${name}, seed ${seed}, ${from} to ${to}: ${counts.read} read, ${counts.refused} refused, ${findings.length} findings, ${seconds} s`,
    );
    for (const { index, file, error } of findings) console.log(`  ${index}: ${file}\n    ${String(error)}`);
    if (findings.length > 0) process.exitCode = 1;
  }
}

function inThread(name: string, options: FuzzOptions): Promise<Outcome> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { name, options }, execArgv: process.execArgv });
  let index = options.from;
  return new Promise((resolve) => {
    const fail = (error: string): void => {
      clearTimeout(timer);
      void worker.terminate();
      const findings = [{ index, file: `mutant-${name}-${options.from}`, error }];
      resolve({ counts: { read: 0, refused: 0 }, findings });
    };
    const watch = () => setTimeout(() => fail(`no end after ${HANG_SECONDS} s`), 1000 * HANG_SECONDS);
    let timer = watch();
    worker.on("message", (message: Message) => {
      clearTimeout(timer);
      if ("outcome" in message) resolve(message.outcome);
      else {
        index = message.index;
        timer = watch();
      }
    });
    worker.on("error", (error) => fail(`the thread failed: ${describe(error)}`));
  });
}

if (isMainThread) await main();
else await work();
