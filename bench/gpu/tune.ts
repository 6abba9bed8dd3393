// Measures the variants of every choice, like `unfold bench --tune`, and saves the table after each case: to this
// machine's cache, and as a file that serves everyone as bench/tuned/<adapter>.json.
//
//     node tune.js --out tuned.json [--filter layer_norm]
import { parseArgs } from "node:util";
import { openDevice } from "../../engine/device.ts";
import { ownTablePath } from "../../engine/node/tuned_table.ts";
import { loadOperations } from "../operations.ts";
import { tune } from "../tune.ts";
import { writeTable } from "../write_table.ts";

const { values: options } = parseArgs({
  options: { out: { type: "string" }, filter: { type: "string", default: "" } },
});
let faults = 0;
await tune(await loadOperations(), {
  open: () => openDevice({ tuned: false }),
  filter: options.filter,
  command: "bench/gpu/visit.sh",
  onProgress: ({ done, total, choice, ms, problem }) => {
    if (problem !== undefined || Object.values(ms ?? {}).includes(null)) faults++;
    if (choice !== undefined)
      process.stdout.write(
        `${done}/${total} ${choice}: ${Object.entries(ms ?? {})
          .map(([name, value]) => `${name} ${value === null ? "WRONG" : `${value.toPrecision(3)} ms`}`)
          .join(", ")}\n`,
      );
    if (problem !== undefined) process.stdout.write(`${problem}\n`);
  },
  onTable: (table) => {
    if (Object.keys(table.operations).length === 0) return; // an empty table is not a table
    writeTable(ownTablePath(table.adapter), table);
    if (options.out !== undefined) writeTable(options.out, table);
  },
});
process.exitCode = faults > 0 ? 1 : 0;
