/** 128 + SIGINT, as in shells. */
const INTERRUPTED = 130;

/** Signals that stop a run. Launchers pass on SIGUSR2, after which they leave it all the time it needs. */
const SIGNALS = { alone: ["SIGINT", "SIGTERM"], together: ["SIGINT", "SIGTERM", "SIGUSR2"] } as const;

/**
 * Runs `body` with a signal that Ctrl-C aborts, so that it can save its state; the exit code is then 130. A second Ctrl-C
 * ends the process at once, unless it is one of several: their launcher repeats signals by itself.
 *
 * @param ranks the processes that `body` runs in
 */
export async function interruptible(
  body: (signal: AbortSignal) => Promise<"finished" | "interrupted">,
  { rank, size }: { readonly rank: number; readonly size: number } = { rank: 0, size: 1 },
): Promise<void> {
  const controller = new AbortController();
  const together = size > 1;
  const again = together ? "" : "; interrupt again to stop at once";
  const onSignal = (): void => {
    if (controller.signal.aborted && together) return;
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    if (rank === 0) process.stderr.write(`\nunfold: saving after this step${again}\n`);
    controller.abort();
  };
  const signals = SIGNALS[together ? "together" : "alone"];
  for (const signal of signals) process.on(signal, onSignal);
  try {
    if ((await body(controller.signal)) === "interrupted") process.exitCode = INTERRUPTED;
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
}
