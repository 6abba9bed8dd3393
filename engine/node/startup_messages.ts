import { closeSync, openSync, readFileSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Libc } from "./libc.ts";

/** Messages from Dawn and the drivers during adapter enumeration. */
export interface StartupMessages {
  /** Why Dawn rejected a driver, one sentence each; mostly because it is too old. */
  refusals: string[];
  /** Everything else that a user should see, verbatim. */
  others: string[];
}

/** Messages that appear even on a healthy machine, or that we report in better words. */
const HARMLESS = [
  /artificially reduced from \d+ to \d+ to fit dynamic offset allocation limit/,
  /not a conformant vulkan implementation/i,
  /vkCreateInstance: Found no drivers!/,
  /vkCreateInstance failed with VK_ERROR_INCOMPATIBLE_DRIVER/,
];

/**
 * Runs `body`, which must be synchronous, and captures what native code writes to file descriptor 2 meanwhile. Dawn cannot redirect
 * its messages, so the descriptor points to a file for these milliseconds. Without a C library, or with UNFOLD_DEBUG=1, messages
 * go to stderr as usual.
 */
export function captureStderr<T>(libc: Libc | undefined, body: () => T): { value: T; text: string } {
  const path = join(tmpdir(), `unfold-stderr-${process.pid}-${process.hrtime.bigint()}`);
  const file = libc && process.env.UNFOLD_DEBUG !== "1" ? openQuietly(path) : undefined;
  if (!libc || file === undefined) return { value: body(), text: "" };
  const stderr = libc.dup(2);
  try {
    libc.dup2(file, 2);
    const value = body();
    return { value, text: readFileSync(path, "utf8") };
  } finally {
    libc.dup2(stderr, 2);
    libc.close(stderr);
    closeSync(file);
    unlinkSync(path);
  }
}

function openQuietly(path: string): number | undefined {
  try {
    return openSync(path, "wx");
  } catch {
    return undefined; // no temporary folder: messages stay visible, which is harmless
  }
}

/** Sorts Dawn's messages. A message is a line "Warning: ..." and the indented lines that follow it. */
export function readMessages(text: string): StartupMessages {
  const messages = text.split(/\n(?![ \t\n])/).map((message) => message.trim());
  const refusals = new Set<string>();
  const others = new Set<string>();
  for (const message of messages) {
    if (message === "" || HARMLESS.some((pattern) => pattern.test(message))) continue;
    const [first = "", ...rest] = message.split("\n");
    if (rest.some((line) => line.includes("While initializing adapter"))) refusals.add(first.replace(/^Warning: /, ""));
    else others.add(message);
  }
  return { refusals: [...refusals], others: [...others] };
}
