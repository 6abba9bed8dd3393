import { spawnSync } from "node:child_process";
import { mkdtempSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasMpi, started, type Ranks } from "./mpirun.ts";

/** Whether this process may make network namespaces, which takes root and iproute2. */
export const hasTwoHosts = hasMpi && mayMakeHosts();

function mayMakeHosts(): boolean {
  const name = `unfold-${process.pid}`;
  if (spawnSync("ip", ["netns", "add", name]).status !== 0) return false;
  const enters = spawnSync("ip", ["netns", "exec", name, "unshare", "-u", "-m", "-i", "true"]).status === 0;
  spawnSync("ip", ["netns", "del", name]);
  return enters;
}

/** Two hosts on this machine: network namespaces with names of their own, joined by a cable (a pair of virtual interfaces). */
export class TwoHosts {
  readonly #names = ["a", "b"].map((name) => `unfold${process.pid}${name}`) as [string, string];
  readonly #folder = mkdtempSync(join(tmpdir(), "unfold-hosts-"));

  constructor() {
    const [a, b] = this.#names;
    const hosts = ["127.0.0.1 localhost", `10.77.0.1 ${a}`, `10.77.0.2 ${b}`, ""].join("\n");
    for (const name of this.#names) ip("netns", "add", name);
    ip("link", "add", "cable", "netns", a, "type", "veth", "peer", "name", "cable", "netns", b);
    for (const [i, name] of this.#names.entries()) {
      ip("-n", name, "addr", "add", `10.77.0.${i + 1}/24`, "dev", "cable");
      for (const device of ["lo", "cable"]) ip("-n", name, "link", "set", device, "up");
    }
    writeFileSync(join(this.#folder, "hosts"), hosts);
    // Runs a command on a host, as ssh does; with its own name, list of hosts and shared memory.
    writeFileSync(
      join(this.#folder, "on"),
      `#!/bin/bash
while [[ $1 == -* ]]; do shift; done
host=$1; shift
exec ip netns exec "$host" unshare -u -m -i bash -c "hostname $host; mount --bind ${this.#folder}/hosts /etc/hosts; mount -t tmpfs tmpfs /dev/shm; exec $*"
`,
      { mode: 0o755 },
    );
  }

  /** Starts Node in one rank on each host, from the first. They are killed after `seconds`; the status is then null. */
  mpirun(words: readonly string[], seconds = 110): Ranks {
    const [a, b] = this.#names;
    const on = join(this.#folder, "on");
    const options = ["-n", "2", "-H", `${a}:1,${b}:1`, "--bind-to", "none", "--mca", "plm_rsh_agent", on];
    return started(on, [a, "mpirun", ...options, process.execPath, ...words], { seconds, kill: () => this.#kill() });
  }

  cutCable(): void {
    ip("-n", this.#names[0], "link", "set", "cable", "down");
  }

  /** How many ranks still run on both. */
  get ranks(): number {
    return this.#names.flatMap(processesOn).filter((pid) => programOf(pid) === process.execPath).length;
  }

  close(): void {
    this.#kill();
    for (const name of this.#names) spawnSync("ip", ["netns", "del", name]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #kill(): void {
    for (const pid of this.#names.flatMap(processesOn))
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        /* it has ended */
      }
  }
}

const processesOn = (name: string): number[] =>
  spawnSync("ip", ["netns", "pids", name], { encoding: "utf8" }).stdout.split("\n").filter(Boolean).map(Number);

/** The file that a process runs; undefined once it has ended. */
function programOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined;
  }
}

function ip(...words: string[]): void {
  const { status, stderr } = spawnSync("ip", words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${words.join(" ")}: ${stderr}`);
}
