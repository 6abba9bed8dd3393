import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDevice, type Device } from "../../../engine/device.ts";
import { UserError } from "../../../engine/errors.ts";
import { openRecogniser } from "../../../recognition/open_recogniser.ts";
import { loadConfig } from "../../../checkpoint/load_config.ts";
import { inspectCheckpoint } from "../../../train/memory/inspect.ts";
import { readLog } from "../../../train/log/log.ts";
import { train, type RunOptions } from "../../../train/main.ts";
import { recognise } from "../../../recognition/recognise.ts";
import { silentObserver } from "../../../train/run/run_observer.ts";
import { trainTokenizer } from "../../../data/tokenizer/train_tokenizer.ts";
import { writeSmallCorpus } from "../../small_corpus.ts";

/* A run of two steps whose units are subwords: ▁, a, b and the pairs that the small corpus has most often. */

let folder: string;
let device: Device;
const at = (name: string): string => join(folder, name);

const makeTokenizer = (name: string, size: number) =>
  trainTokenizer({ manifests: [at("train.jsonl")], kind: "bpe", size, out: at(name), observer: silentObserver });

const run = (name: string, tokenizer: string, options: Partial<RunOptions> = {}) =>
  train(
    device,
    loadConfig(at("config.yaml"), ["units.kind=bpe", `units.tokenizer=${tokenizer}`, "steps=2", "log.every_steps=1"]),
    {
      folder: at(name),
      resume: false,
      signal: new AbortController().signal,
      observer: silentObserver,
      ...options,
    },
  );

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-bpe-"));
  device = await openDevice();
  await writeSmallCorpus(folder);
  await makeTokenizer("seven.json", 7);
  expect(await run("run", "seven.json")).toBe("finished");
});
afterAll(() => {
  device.close();
  rmSync(folder, { recursive: true, force: true });
});

test("the checkpoint keeps the whole tokenizer and decodes without the file", async () => {
  const tokenizer = readFileSync(at("seven.json"), "utf8");
  const { units: kept } = JSON.parse(readFileSync(at("run/last.json"), "utf8")) as { units: unknown };
  expect(kept).toEqual({ blank: 0, tokenizer: JSON.parse(tokenizer) as unknown });
  rmSync(at("seven.json"));
  try {
    const { model, units } = openRecogniser(device, at("run"));
    expect([units.kind, units.size, model.config.vocabulary]).toEqual(["bpe", 7, 7]);
    const utterance = {
      features: Float32Array.from({ length: 40 * model.config.inputDim }, (_, i) => Math.sin(i * i)),
      frames: 40,
      labels: new Int32Array(),
    };
    const [{ hypotheses }] = (await recognise(device, model, [utterance], [[0, 0, 0]], { beam: 3 })) as [
      Awaited<ReturnType<typeof recognise>>[number],
    ];
    const text = units.decode(hypotheses[0]!.labels);
    expect(text).toMatch(/^[ab ]*$/u);
    expect(units.wordsOf(hypotheses[0]!.labels).map(({ word }) => word)).toEqual(
      text.split(" ").filter((word) => word !== ""),
    );
  } finally {
    writeFileSync(at("seven.json"), tokenizer);
  }
});

test("dev is evaluated in words and characters of the text, whatever the units", () => {
  const dev = readLog(at("run/log.jsonl")).find((record) => record.type === "dev");
  expect(Object.keys((dev as { wer: object }).wer)).toEqual(["1", "3"]);
  expect(readFileSync(at("run/alignments-dev-3.txt"), "utf8")).toMatch(/^u0 \(.+, of 1\)\nREF {2}ab\n/u);
});

test("inspect counts the classes of the tokenizer", async () => {
  const { checkpoint } = openRecogniser(device, at("run"));
  expect(await inspectCheckpoint(device, checkpoint)).toMatchObject({ units: 7, unitKind: "bpe" });
});

test("resumes with the same tokenizer from another place, and gives what one run gives", async () => {
  writeFileSync(at("moved.json"), readFileSync(at("seven.json")));
  const stopped = new AbortController();
  const record = (logged: { type: string }): void => {
    if (logged.type === "step") stopped.abort();
  };
  expect(await run("parts", "seven.json", { signal: stopped.signal, observer: { ...silentObserver, record } })).toBe(
    "interrupted",
  );
  expect(await run("parts", "moved.json", { resume: true })).toBe("finished");
  const losses = (name: string) =>
    readLog(at(`${name}/log.jsonl`)).flatMap((logged) => (logged.type === "step" ? [[logged.step, logged.loss]] : []));
  expect(losses("run").map(([step]) => step)).toEqual([1, 2]);
  expect(losses("parts")).toEqual(losses("run"));
});

test("another tokenizer than the checkpoint's is refused, and the run stays as it is", async () => {
  await makeTokenizer("six.json", 6);
  const other = JSON.parse(readFileSync(at("seven.json"), "utf8")) as {
    model: { vocab: Record<string, number>; merges: string[][] };
  };
  other.model.vocab = Object.fromEntries(
    Object.entries(other.model.vocab).map(([token, id]) => [token === "b" ? "c" : token, id]),
  );
  other.model.merges = [];
  writeFileSync(at("other.json"), JSON.stringify(other));
  const before = readFileSync(at("run/last.safetensors"));
  const refusal = async (tokenizer: string): Promise<string> => {
    const error = await run("run", tokenizer, { resume: true }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    return (error as Error).message.replaceAll(`${folder}/`, "");
  };
  expect(await refusal("six.json")).toBe(
    "six.json is not the tokenizer that run/last.safetensors was trained with: it has 6 classes instead of 7",
  );
  expect(await refusal("other.json")).toBe(
    "other.json is not the tokenizer that run/last.safetensors was trained with: class 3 is 'c' instead of 'b'",
  );
  expect(await refusal("nothing.json")).toBe("cannot read the tokenizer nothing.json: there is no such file");
  expect(readFileSync(at("run/last.safetensors")).equals(before)).toBe(true);
});
