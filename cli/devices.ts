import type { Command } from "commander";
import {
  surveyAdapters,
  type AdapterSurvey,
  type LimitName,
  type MatrixConfig,
  type SurveyedAdapter,
} from "../engine/node/adapter_survey.ts";
import type { AdapterOptions } from "../engine/adapter.ts";
import { cardOf, graphicsCards } from "../engine/node/graphics_cards.ts";
import { adapterOptions, addAdapterOptions } from "./options/adapter.ts";

export function register(program: Command): void {
  const command = program
    .command("devices")
    .description(
      "List this machine's adapters, which one would be used and why, and what keeps a graphics card from being used.",
    )
    .option("--json", "print everything as JSON");
  addAdapterOptions(command).action(devices);
}

async function devices(options: AdapterOptions & { json?: true }): Promise<void> {
  const survey = await surveyAdapters(adapterOptions(options));
  process.stdout.write(options.json ? `${JSON.stringify(toJson(survey), null, 2)}\n` : toText(survey));
  if (survey.error) throw survey.error;
}

function toJson({ error, adapters, picked, ...rest }: AdapterSurvey): object {
  return {
    adapters,
    picked: picked === undefined ? null : adapters[picked]?.name,
    ...rest,
    error: error?.message ?? null,
  };
}

function toText({ adapters, picked, why, missing, refusals }: AdapterSurvey): string {
  const chosen = picked === undefined ? undefined : adapters[picked];
  return [
    ...adapters.map(describe),
    ...(chosen ? [`unfold would use ${chosen.name}: ${why}.\n`] : []),
    ...sharing(adapters, chosen),
    ...refusals.map((reason) => `An installed driver was rejected: ${reason}\n`),
    ...missing.map((sentence) => `A graphics card is not used: ${sentence}.\n`),
  ].join("\n");
}

/** Which process of several on this machine would take which GPU, as far as that is known before they start. */
function sharing(adapters: readonly SurveyedAdapter[], chosen: SurveyedAdapter | undefined): string[] {
  if (chosen?.type !== "gpu") return [];
  const turns = (names: readonly string[]): string =>
    `Of several processes on this machine (mpirun), ${names.map((name, rank) => `local rank ${rank} would take ${name}`).join(", ")}, and so on in turn.\n`;
  const cards = graphicsCards();
  const alike = cards.filter((_, localRank) => cardOf({ localRank, localSize: cards.length }, cards) !== undefined);
  const first = alike.map((_, localRank) => cardOf({ localRank, localSize: alike.length }, cards));
  const addresses = [...new Set(first.flatMap((card) => (card ? [`the card at PCI ${card.address}`] : [])))];
  if (addresses.length > 0) return [turns(addresses)];
  return [turns(adapters.filter(({ type }) => type === "gpu").map(({ name }) => name))];
}

const KINDS = { gpu: "hardware GPU", system: "installed software driver", bundled: "bundled software driver" };

/** Features that kernels can use; most others concern textures. */
const FEATURES = ["shader-f16", "subgroups", "subgroup-size-control", "timestamp-query"];

function describe(adapter: SurveyedAdapter): string {
  const { subgroupMinSize: least, subgroupMaxSize: most, limits } = adapter;
  const features = FEATURES.filter((name) => adapter.features.includes(name));
  const rows = [
    ["driver", `${adapter.description} (${KINDS[adapter.type]})`],
    [
      "features",
      features
        .map((name) =>
          name === "shader-f16" && adapter.halfDoubtful ? `${name} (which Dawn does not trust on this driver)` : name,
        )
        .join(", ") || "none that kernels use",
    ],
    ["subgroups", most === 0 ? "width unknown" : least === most ? `${most} wide` : `${least} to ${most} wide`],
    ["matrix units", adapter.matrixConfigs.map(matrixShape).join(", ") || "none"],
    ["limits", LIMIT_WORDS.map(([name, words]) => words(limits[name])).join(", ")],
  ] as const;
  return `${adapter.name}\n${rows.map(([label, text]) => `  ${label.padEnd(14)}${text}\n`).join("")}`;
}

const LIMIT_WORDS: [LimitName, (value: number) => string][] = [
  ["maxBufferSize", (bytes) => `buffers up to ${binary(bytes)}`],
  ["maxStorageBufferBindingSize", (bytes) => `${binary(bytes)} bound at once`],
  ["maxStorageBuffersPerShaderStage", (count) => `${count} storage buffers`],
  ["maxComputeWorkgroupStorageSize", (bytes) => `${binary(bytes)} workgroup memory`],
  ["maxComputeInvocationsPerWorkgroup", (count) => `${count} invocations per workgroup`],
  ["maxImmediateSize", (bytes) => `${binary(bytes)} immediates`],
];

/** 16x16x16 f16 -> f32: the product's dimensions m, n and k, the type of its factors and that of the sum. */
const matrixShape = ({ m, n, k, componentType, resultComponentType }: MatrixConfig): string =>
  `${m}x${n}x${k} ${componentType} -> ${resultComponentType}`;

/** 134217728 -> "128 MiB". */
function binary(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${units[power]}`;
}
