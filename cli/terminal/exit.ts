import { writeSync } from "node:fs";
import { CommanderError } from "commander";
import { UserError } from "../../engine/errors.ts";

/** 2 for what the user can correct (wrong input or usage), 0 for `--help` and `--version`, 1 for everything else. */
export function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return error instanceof UserError ? 2 : 1;
}

/**
 * One line on stderr (none for what commander has printed itself), or one for each fault of a UserError that has several; with UNFOLD_DEBUG=1 the stack as well. Written
 * at once, since the process is about to end.
 */
export function printError(error: unknown): void {
  if (error instanceof CommanderError) return;
  const message = error instanceof Error ? error.message || error.name : String(error);
  const stack = process.env.UNFOLD_DEBUG === "1" && error instanceof Error ? `\n${error.stack ?? ""}` : "";
  try {
    const lines = error instanceof UserError ? message.split("\n") : [message.split("\n").join(" ")];
    writeSync(2, `${lines.map((line) => `unfold: ${visible(line)}`).join("\n")}${stack}\n`);
  } catch {
    /* nobody reads stderr */
  }
}

/** Escapes control characters: names in a foreign file could otherwise move the terminal's cursor or colour its text. */
const visible = (line: string): string =>
  line.replace(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
