import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { tune } from "../../bench/tune.ts";
import { writeTable } from "../../bench/write_table.ts";
import { openDevice, type Device } from "../../engine/device.ts";
import { UserError } from "../../engine/errors.ts";
import { readTable } from "../../engine/node/tuned_table.ts";
import { rankMeasured } from "../../engine/tuning/tuner.ts";
import type { KernelCase } from "../../kernels/case.ts";
import { cases } from "../../kernels/softmax/cases.ts";

const folder = mkdtempSync(join(tmpdir(), "unfold-tuned-"));
afterAll(() => rmSync(folder, { recursive: true }));

const small = cases.cases.find(({ benchmark, inputs }) => !benchmark && inputs.x) as KernelCase;
const found = (kernelCase: KernelCase) => ({
  operations: [{ operation: "softmax", cases: [{ ...kernelCase, benchmark: true }] }],
  broken: [],
});
const options = {
  open: () => openDevice({ tuned: false }),
  command: "unfold bench --tune",
  budget: { rounds: 1, sample: 0 },
};

it("times every variant that fits of every choice a case makes, and what it writes is a table that a tuner reads", async () => {
  const { half: _, ...plain } = small;
  const table = await tune(found(plain), options);
  const entry = table.operations["softmax"]![0]!;
  expect(Object.keys(entry.ms).sort()).toEqual(["thread_row", "workgroup_row"]);
  expect(table.operations["softmax_backward"]).toHaveLength(1);
  const path = join(folder, "new", "table.json");
  writeTable(path, table);
  expect(readTable(path)).toEqual(table);
  expect(readdirSync(join(folder, "new"))).toEqual(["table.json"]);
  expect(rankMeasured(readTable(path).operations["softmax"]!, entry.sizes, "none").sort()).toEqual(
    Object.keys(entry.ms).sort(),
  );
});

it("leaves out what gives wrong results", async () => {
  const { half: _, ...plain } = small;
  const wrong: KernelCase = {
    ...plain,
    reference: (inputs) => ({
      ...small.reference(inputs),
      data: small.reference(inputs).data.map((value) => value + 1),
    }),
  };
  expect((await tune(found(wrong), options)).operations).toEqual({});
});

it("opens one device for all cases, and another after one that fails; tells what it has after each", async () => {
  const { half: _, ...plain } = small;
  const broken: KernelCase = {
    ...plain,
    name: "broken",
    run: () => {
      throw new Error("no such kernel");
    },
  };
  const opened: Device[] = [];
  const [tables, problems]: [number[], string[]] = [[], []];
  const operations = [plain, { ...plain, name: "again" }, broken, plain].map((one) => ({
    operation: "softmax",
    cases: [{ ...one, benchmark: true }],
  }));
  await tune(
    { operations, broken: [] },
    {
      ...options,
      open: async () => {
        const device = await options.open();
        opened.push(device);
        return device;
      },
      onTable: ({ operations }) => tables.push(operations["softmax"]?.length ?? 0),
      onProgress: ({ problem }) => problem !== undefined && problems.push(problem),
    },
  );
  expect(opened).toHaveLength(2);
  expect(tables).toEqual([1, 1, 1, 1]); // all cases make the same choice
  expect(problems).toEqual(["softmax: broken: no such kernel"]);
  await expect(opened[1]!.finish()).rejects.toThrow("the device was closed");
});

it("says which cases there are none of", async () => {
  await expect(tune(found(small), { ...options, filter: "no such" })).rejects.toThrow(
    new UserError("--filter: no benchmark case contains 'no such'"),
  );
});

it("a file that is no table is named, with what to do", () => {
  const path = join(folder, "broken.json");
  writeFileSync(path, "{");
  expect(() => readTable(path)).toThrow(
    /broken\.json cannot be read: .*; delete it, or recreate it with 'unfold bench --tune'$/,
  );
  writeFileSync(
    path,
    JSON.stringify({
      adapter: "a",
      driver: "d",
      date: "",
      command: "",
      operations: { softmax: [{ sizes: {}, ms: { thread_row: -1 } }] },
    }),
  );
  expect(() => readTable(path)).toThrow(/broken\.json is not a tuned table: operations\.softmax\.0\.ms\.thread_row: /);
});
