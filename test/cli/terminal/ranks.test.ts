import { Command } from "commander";
import { expect, it } from "vitest";
import { expectTogether } from "../../../cli/terminal/ranks.ts";
import { register as registerConfig } from "../../../cli/config.ts";
import { register as registerEval } from "../../../cli/eval.ts";
import { register as registerLm } from "../../../cli/lm.ts";
import { register as registerTranscribe } from "../../../cli/transcribe.ts";
import { UserError } from "../../../engine/errors.ts";

/** What is said before a verb begins, started so many times; undefined where it may begin. */
async function refusal(size: number, ...words: string[]): Promise<string | undefined> {
  const program = new Command("unfold").exitOverride();
  for (const register of [registerConfig, registerEval, registerLm, registerTranscribe])
    register(program, undefined as never);
  const begun = new Error("begun");
  program.hook("preAction", (_, command) => {
    expectTogether(command, { size });
    throw begun;
  });
  const error: unknown = await program.parseAsync(words, { from: "user" }).catch((thrown: unknown) => thrown);
  if (error === begun) return undefined;
  expect(error).toBeInstanceOf(UserError);
  return (error as UserError).message;
}

const ALONE =
  "works in one process, but 3 were started: run it without mpirun; train, lm train, experiment, eval and transcribe share their work out";

it.each([
  [`'config' ${ALONE}`, ["config"]],
  [`'lm eval' ${ALONE}`, ["lm", "eval", "a", "b"]],
  [`'eval --compare' ${ALONE}`, ["eval", "a", "b", "--compare", "c"]],
  [`'eval --paths' ${ALONE}`, ["eval", "a", "b", "--paths", "3"]],
  ["standard input reaches only one of several processes: give a file instead of -", ["transcribe", "a", "b", "-"]],
  ["standard input reaches only one of several processes: give a file instead of -", ["eval", "a", "b", "--lm", "-"]],
])("three processes: %s", async (sentence, words) => {
  expect(await refusal(3, ...words)).toBe(sentence);
  expect(await refusal(1, ...words)).toBeUndefined();
});

it.each([
  ["eval", "a", "b"],
  ["transcribe", "a", "b"],
  ["lm", "train", "a"],
])("three processes share out: %s", async (...words) => {
  expect(await refusal(3, ...words)).toBeUndefined();
});
