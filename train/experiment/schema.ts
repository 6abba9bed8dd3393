import * as z from "zod";
import { finite, text, whole } from "../../config/schema/fields.ts";

/** Names become parts of file names. */
const name = (what: string) =>
  z
    .string({ error: `expected ${what}` })
    .regex(/^[a-z0-9]+([-_][a-z0-9]+)*$/u, { error: `expected ${what}: small letters, digits and hyphens` });

/** `{ model.blocks: 4, loss.kl_weight: 0 }`: one entry per `--set`. */
const sets = () =>
  z.record(z.string(), z.unknown(), { error: "expected a section of keys and values such as { model.blocks: 4 }" });

const digits = z.strictObject({
  train: whole(1).default(2000).describe("Strings to train on."),
  dev: whole(1, 5000).default(100).describe("Strings evaluated during training."),
  test: whole(1, 5000).default(540).describe("Strings of the test set, by the speakers of the training set."),
  test_unseen: whole(1, 5000).default(270).describe("Strings of the test set by a speaker who appears nowhere else."),
  held_out_speaker: text("the name of a speaker").default("rms").describe("That speaker: awb, slt, rms or kal."),
  unseen_speeds: z
    .array(finite().min(0.5).max(2), { error: "expected a list of speeds such as [1, 0.85, 1.2]" })
    .min(1)
    .default([1])
    .describe("Speakers of test_unseen: that voice at each of these playback speeds, which move pitch and formants."),
  snr: z
    .tuple([finite(), finite()], { error: "expected two numbers of dB such as [15, 40]" })
    .default([15, 40])
    .describe("Lowest and highest speech-to-noise ratio, dB."),
  seed: whole(0).default(1).describe("Seed of the corpus."),
});

const row = z.strictObject({
  name: name("a row's name").describe("Part of the names of the row's runs."),
  title: text("a row's title").describe("Its name in the table."),
  group: name("a group's name")
    .optional()
    .describe(
      "Rows that are compared and drawn as one, such as models built separately for each depth; the row alone if left out.",
    ),
  set: sets().default({}).describe("What differs from the common config."),
  seeds: whole(1, 100).optional().describe("Runs of this row, instead of `seeds`."),
});

/** An experiment as it is written in YAML. */
export const experimentSchema = z.strictObject({
  base: text("the path of a training config").describe(
    "Training config that all rows start from, relative to this file.",
  ),
  set: sets().default({}).describe("What all rows have in common, on top of `base`."),
  corpus: z
    .strictObject({ digits: digits.describe("Synthetic spoken digit strings, made into the cache folder.") })
    .optional()
    .describe("Data that is generated if missing; that of `base` if left out. Overridden by --data."),
  seeds: whole(1, 100).default(3).describe("Runs of each row, with seeds 1, 2, ..."),
  groups: z
    .record(z.string(), text("a group's title"), { error: "expected a section of groups and their titles" })
    .default({})
    .describe("Titles of groups, for the figure."),
  rows: z
    .array(row, { error: "expected a list of rows" })
    .min(1, { error: "expected at least one row" })
    .describe("What is trained and compared."),
  compare: z
    .array(
      z.tuple([name("a row's name"), name("a row's name")], {
        error: "expected two rows or groups such as [method, individual]",
      }),
    )
    .default([])
    .describe("Pairs of rows or groups whose error rates are tested for a difference, at each depth that both have."),
  baseline: z
    .strictObject({
      row: name("a row's name").describe("The row that all others are tested against."),
      depth: whole(1).describe("The depth at which it is."),
    })
    .optional()
    .describe("Every row at every depth is tested against this one by MAPSSWE, with Holm's correction."),
  paths: z
    .union([z.literal("all"), whole(1)], { error: "expected all or a number of paths" })
    .optional()
    .describe(
      "Rows in repeat order are also tested along all legal paths of each depth, or a number of them, for the spread. Left out: along the usual path alone.",
    ),
  rounds: whole(1, 1000)
    .default(7)
    .describe("Rounds over all rows in which times are measured at the end; medians are reported."),
});

export type ParsedExperiment = z.output<typeof experimentSchema>;
