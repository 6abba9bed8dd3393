import { formatNumber } from "../../../data/text/number_format.ts";
import { openDevice } from "../../../engine/device.ts";
import { chooseAdapter } from "../../../engine/host/node.ts";
import type { TunedTable } from "../../../engine/tuning/tuned_table.ts";
import { benchKernels, measureDevice } from "../../../bench/kernels.ts";
import { mergeTables } from "../../../bench/merge_tables.ts";
import { parseReport } from "../../../bench/report/parse_report.ts";
import { tune } from "../../../bench/tune.ts";
import type { BenchAnswer, BenchNews, BenchRequest } from "../../bench_protocol.ts";
import { choicesIn, forgetTable, keepTable, storedTable } from "../tuned_store.ts";
import { loadOperations, operationNames } from "./operations.ts";

type Order<Name extends BenchRequest["call"]> = Extract<BenchRequest, { call: Name }>;

/** Does what the page asks, and tells of it meanwhile. */
export async function work(request: BenchRequest, tell: (news: BenchNews) => void): Promise<BenchAnswer> {
  switch (request.call) {
    case "operations":
      return { answer: "operations", names: operationNames() };
    case "time":
      return time(request, tell);
    case "tune":
      return tuneAdapter(request, tell);
    case "forget":
      await forgetTable((await chooseAdapter()).info);
      return { answer: "forgotten" };
    case "parse":
      return { answer: "parsed", report: parseReport(request.text, request.name) };
  }
}

async function time({ order, measured: known }: Order<"time">, tell: (news: BenchNews) => void): Promise<BenchAnswer> {
  const open = () => openDevice({ tuned: storedTable });
  const found = await loadOperations(order.operations);
  if (!known) tell({ news: "progress", done: 0, total: 0, text: "measuring this device's copy and multiply-add" });
  const measured = known ?? (await measureDevice(open));
  tell({ news: "measured", measured });
  const { results } = await benchKernels(found, {
    ...order,
    open,
    measured,
    onProgress: ({ done, total, label, phase, result }) => {
      if (result) tell({ news: "result", result });
      tell({ news: "progress", done, total, text: phase ? `${label}: ${phase}` : label });
    },
  });
  for (const result of results) if (result.case === null) tell({ news: "result", result }); // its cases did not load
  return { answer: "timed" };
}

/** Measures variants, and keeps what is known so far after each case. */
async function tuneAdapter({ order, command }: Order<"tune">, tell: (news: BenchNews) => void): Promise<BenchAnswer> {
  const earlier = await storedTable((await chooseAdapter()).info);
  const withEarlier = (table: TunedTable): TunedTable => (earlier ? mergeTables(earlier, table) : table);
  const problems: string[] = [];
  let kept = Promise.resolve();
  const table = await tune(await loadOperations(order.operations), {
    open: () => openDevice({ tuned: false }),
    filter: order.filter,
    command,
    onProgress: ({ done, total, choice, ms, problem }) => {
      if (problem !== undefined) problems.push(problem);
      const times = Object.entries(ms ?? {}).map(
        ([name, value]) => `${name} ${value === null ? "wrong" : `${formatNumber(value)} ms`}`,
      );
      for (const [name, value] of Object.entries(ms ?? {}))
        if (value === null) problems.push(`${choice ?? ""} as ${name} gave wrong results and is left out`);
      tell({ news: "progress", done, total, text: choice ? `${choice}: ${times.join(", ")}` : "" });
    },
    onTable: (table) => (kept = kept.then(() => keepTable(withEarlier(table)))),
  });
  await kept;
  return { answer: "tuned", choices: choicesIn(table), problems };
}
