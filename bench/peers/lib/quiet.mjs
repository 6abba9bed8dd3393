import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

const IDLE_SHARE = 0.9;
const LOOK_MS = 2000;

/**
 * Waits until the machine has done nothing else for two seconds, or `seconds` are over.
 * @returns {Promise<boolean>} whether it is quiet
 */
export async function waitForQuiet(seconds) {
  const end = performance.now() + 1000 * seconds;
  do {
    const before = processorTimes();
    await sleep(LOOK_MS);
    const after = processorTimes();
    if (after.idle - before.idle > IDLE_SHARE * (after.all - before.all)) return true;
  } while (performance.now() < end);
  return false;
}

/** Milliseconds since the machine started, all processors together. */
function processorTimes() {
  const times = cpus().map((cpu) => cpu.times);
  const total = (kinds) => times.reduce((sum, time) => sum + kinds.reduce((part, kind) => part + time[kind], 0), 0);
  return { idle: total(["idle"]), all: total(["user", "nice", "sys", "idle", "irq"]) };
}
