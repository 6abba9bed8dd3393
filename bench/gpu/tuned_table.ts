// Copies what `unfold bench --tune` measured on this machine to a file: as bench/tuned/<adapter>.json it serves everybody's.
import { writeFileSync } from "node:fs";
import { openDevice } from "../../engine/device.ts";
import { findTable } from "../../engine/tuned_table.ts";

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error("usage: tuned_table.ts <file>");
const device = await openDevice();
const table = findTable(device.info.name);
device.close();
if (!table) throw new Error(`there is no table of ${device.info.name}: 'unfold bench --tune' writes it`);
writeFileSync(path, `${JSON.stringify(table, null, 1)}\n`);
