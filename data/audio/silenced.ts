/** How many libraries are at work, and what they would print with. */
let running = 0;
let saved: Pick<Console, "error" | "warn"> = console;

/** Runs a library that prints errors as well as returning them; several may run at once. */
export async function silenced<Result>(decode: () => Result | Promise<Result>): Promise<Result> {
  if (running++ === 0) saved = { error: console.error, warn: console.warn };
  console.error = console.warn = () => undefined;
  try {
    return await decode();
  } finally {
    if (--running === 0) Object.assign(console, saved);
  }
}
