/** 128 + SIGINT, as in shells. */
const INTERRUPTED = 130;

/**
 * Runs `body` with a signal that Ctrl-C aborts, so that it can save its state; the exit code is then 130. A second Ctrl-C
 * ends the process at once.
 */
export async function interruptible(body: (signal: AbortSignal) => Promise<"finished" | "interrupted">): Promise<void> {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    process.stderr.write("\nunfold: saving after this step; interrupt again to stop at once\n");
    controller.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    if ((await body(controller.signal)) === "interrupted") process.exitCode = INTERRUPTED;
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}
