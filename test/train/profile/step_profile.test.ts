import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openDevice, type Device } from "../../../engine/device.ts";
import { RunError } from "../../../engine/errors.ts";
import { loadCheckpoint } from "../../../checkpoint/checkpoint_file.ts";
import { loadConfig } from "../../../checkpoint/load_config.ts";
import { readLog } from "../../../train/log/log.ts";
import { train } from "../../../train/main.ts";
import type { ChromeTrace, TraceEvent } from "../../../train/profile/chrome_trace.ts";
import { StepProfile } from "../../../train/profile/step_profile.ts";
import { silentObserver } from "../../../train/run/run_observer.ts";
import { writeSmallCorpus } from "../../small_corpus.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-profile-"));
  await writeSmallCorpus(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  profile?: number;
  resume?: boolean;
  sets?: string[];
  /** Interrupts when this step is logged. */
  until?: number;
}

/** Trains on a device of its own and returns its messages about the profile. An evaluation follows step 5, a checkpoint step 4. */
async function run(name: string, { profile, resume = false, sets = [], until }: Run): Promise<string[]> {
  const messages: string[] = [];
  const stop = new AbortController();
  const device = await openDevice();
  const observer = {
    ...silentObserver,
    message: (text: string) => void messages.push(text),
    record: (record: { type: string; step?: number }) =>
      void (record.type === "step" && record.step === until && stop.abort()),
  };
  try {
    await train(device, loadConfig(at("config.yaml"), ["log.every_steps=1", "steps=10", ...sets]), {
      folder: at(name),
      resume,
      signal: stop.signal,
      observer,
      profile,
    });
    return messages.filter((text) => !text.startsWith("device memory")); // the plan, which every run begins with
  } finally {
    device.close();
  }
}

/** All that a log says of the computation. */
const course = (name: string): object[] =>
  readLog(at(`${name}/log.jsonl`)).flatMap((record): object[] => {
    if (record.type === "step") return [{ ...record, seconds: 0, framesPerSecond: 0, dataWaitShare: 0, gpuBytes: 0 }];
    return record.type === "dev" ? [record] : [];
  });

const traceOf = (name: string): ChromeTrace =>
  JSON.parse(readFileSync(at(`${name}/profile.json`), "utf8")) as ChromeTrace;
type Complete = Extract<TraceEvent, { ph: "X" }>;

it("changes nothing that is computed, and writes a trace of host and device", async () => {
  expect(await run("plain", {})).toEqual([]);
  const [message, ...more] = await run("profiled", { profile: 2 });
  expect(more).toEqual([]);
  expect(course("profiled")).toEqual(course("plain"));
  expect(loadCheckpoint(at("profiled/last.safetensors")).tensors).toEqual(
    loadCheckpoint(at("plain/last.safetensors")).tensors,
  );
  expect(readdirSync(at("plain"))).not.toContain("profile.json");

  const lines = message!.split("\n");
  expect(lines[0]).toMatch(
    /^Profile of steps 4 to 5: kernels ran for [\d.]+ ms per step, [\d.]+ % of the device's time\.$/,
  );
  expect(lines[1]).toMatch(
    /^Host time per step: batch [\d.]+ ms, encode forward [\d.]+ ms, encode backward [\d.]+ ms, wait [\d.]+ ms, optimizer [\d.]+ ms\.$/,
  );
  expect(lines[2]).toMatch(/^ *kernel +share +calls\/step +ms\/step +us\/call$/);
  expect(lines.at(-1)).toBe(`Trace for chrome://tracing or ui.perfetto.dev: ${at("profiled/profile.json")}`);

  const { traceEvents } = traceOf("profiled");
  expect(traceEvents.filter(({ ph }) => ph === "M").map(({ name }) => name)).toEqual([
    "process_name",
    "thread_name",
    "thread_name",
  ]);
  const events = traceEvents.filter((event): event is Complete => event.ph === "X");
  for (const { name, ts, dur, pid, tid } of events) {
    expect(name).not.toBe("");
    expect([ts, dur, pid, tid].every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
  }
  expect(events.map(({ ts }) => ts)).toEqual(events.map(({ ts }) => ts).sort((a, b) => a - b));

  // Steps 4 and 5 and not the evaluation after it; what one step does on the host, in order.
  expect([...new Set(events.map(({ args }) => args["step"]))].sort()).toEqual([4, 5]);
  const host = events.filter(({ cat, args }) => cat === "host" && args["step"] === 4).map(({ name }) => name);
  const batch = ["batch", "encode forward", "encode backward"];
  expect(host).toEqual(["step 4", ...batch, "wait", ...batch, "optimizer", "wait"]);

  const device = events.filter(({ cat }) => cat === "device");
  device.slice(1).forEach((event, i) => expect(event.ts + 1e-3).toBeGreaterThanOrEqual(device[i]!.ts + device[i]!.dur));
  for (const step of [4, 5]) {
    const kernels = device.filter(({ args }) => args["step"] === step);
    expect(kernels.length).toBeGreaterThan(200);
    expect(kernels.at(-1)!.name).toBe("adamw/adamw");
    expect(new Set(kernels.map(({ args }) => args["part"]))).toEqual(
      new Set([
        "subsampling",
        "layer 0, block 0",
        "layer 1, block 0",
        "layer 2, block 0",
        "",
        "head",
        "loss",
        "optimizer",
      ]),
    );
    // No kernel begins before its step does.
    expect(kernels[0]!.ts).toBeGreaterThanOrEqual(events.find(({ name }) => name === `step ${step}`)!.ts);
  }
});

it("the trace is in nobody's way: a resumed run ignores the old one, or puts its own in its place", async () => {
  await run("stopped", { profile: 1, until: 4 });
  expect(traceOf("stopped").traceEvents.length).toBeGreaterThan(200);
  writeFileSync(at("stopped/profile.json"), "somebody's own");
  await run("stopped", { resume: true, until: 5 });
  expect(readFileSync(at("stopped/profile.json"), "utf8")).toBe("somebody's own");
  const [message] = await run("stopped", { resume: true, profile: 5 }); // steps 6 to 8 warm up
  expect(message).toMatch(/^Profile of steps 9 to 10: /);
  expect(
    new Set(traceOf("stopped").traceEvents.flatMap((event) => (event.ph === "X" ? [event.args["step"]] : []))),
  ).toEqual(new Set([9, 10]));
  expect(readdirSync(at("stopped")).filter((name) => name.includes("partial"))).toEqual([]);
  expect(course("stopped")).toEqual(course("plain"));
});

it("a run that ends early is profiled as far as it went", async () => {
  const [message] = await run("short", { profile: 9, sets: ["steps=4"] });
  expect(message).toMatch(/^Profile of step 4: /);
  expect(
    new Set(traceOf("short").traceEvents.flatMap((event) => (event.ph === "X" ? [event.args["step"]] : []))),
  ).toEqual(new Set([4]));
  expect(await run("shorter", { profile: 2, sets: ["steps=3"] })).toEqual([
    "--profile: nothing to show, the run ended within the 3 warm-up steps",
  ]);
  expect(readdirSync(at("shorter"))).not.toContain("profile.json");
});

it("wants an adapter with timestamps", () => {
  const without = { features: new Set(["subgroups"]), info: { name: "Slate 3000" } } as unknown as Device;
  const open = (): StepProfile => new StepProfile(without, 2);
  expect(open).toThrow(RunError);
  expect(open).toThrow(
    "--profile needs timestamp queries, which the adapter Slate 3000 does not have; run again without --profile",
  );
});
