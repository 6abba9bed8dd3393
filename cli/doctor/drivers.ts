import type { AdapterOptions } from "../../engine/adapter.ts";
import { openDevice } from "../../engine/device.ts";
import { SEE_DOCTOR } from "../../engine/errors.ts";
import { surveyAdapters, type AdapterSurvey } from "../../engine/node/adapter_survey.ts";
import { Tape } from "../../engine/tape.ts";
import { read } from "../../engine/transfer.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import type { Finding } from "./finding.ts";

/** The WebGPU package, the adapters, and whether the one that unfold takes computes a product right. */
export async function examineAdapters(options: AdapterOptions): Promise<Finding[]> {
  let survey: AdapterSurvey;
  try {
    survey = await surveyAdapters(options);
  } catch (error) {
    return [
      {
        name: "WebGPU",
        verdict: "fault",
        found: (error as Error).message.split("\n")[0]!,
        remedy: `npm ci (the package webgpu has binaries for Linux, macOS and Windows; this is ${process.platform} ${process.arch})`,
      },
    ];
  }
  return [...adapterFindings(survey), ...(survey.picked === undefined ? [] : [await examineProduct(options)])];
}

/** What a survey of adapters says. */
export function adapterFindings({ adapters, picked, why, error, missing, refusals }: AdapterSurvey): Finding[] {
  const chosen = picked === undefined ? undefined : adapters[picked];
  const slow = "software computes on the CPU, which is enough for tests and small models";
  return [
    chosen
      ? {
          name: "adapter",
          verdict: chosen.type === "gpu" ? "fine" : "note",
          found: `${chosen.name}: ${why}${chosen.type === "gpu" ? "" : `; ${slow}`}`,
          ...(chosen.type === "bundled" && {
            remedy: "apt-get install mesa-vulkan-drivers (a faster software driver), or a graphics card",
          }),
        }
      : { name: "adapter", verdict: "fault", ...withRemedy(error?.message ?? "none was found") },
    ...missing.map((sentence): Finding => ({ name: "graphics card", verdict: "fault", ...withRemedy(sentence) })),
    ...refusals.map((reason): Finding => ({
      name: "driver",
      verdict: "note",
      found: `an installed one was rejected: ${reason}`,
      remedy: "update it: Mesa 23.1 or newer is needed",
    })),
  ];
}

/** Messages about drivers end in what to do: `there is no Vulkan loader (libvulkan.so.1): install libvulkan1`. */
function withRemedy(message: string): Pick<Finding, "found" | "remedy"> {
  const [found, remedy] = message.replace(SEE_DOCTOR, "").split(/: (?=install |it is |set |reinstall )/u);
  return { found: found!, ...(remedy !== undefined && { remedy }) };
}

/** A product that every variant of the kernel can compute, against its value by hand: n * (i mod 7) * (j mod 5). */
async function examineProduct(options: AdapterOptions): Promise<Finding> {
  const n = 64;
  const name = "a product";
  try {
    const device = await openDevice(options);
    try {
      const tape = new Tape(device, { grad: false });
      const at = (of: (i: number, j: number) => number): Float32Array =>
        Float32Array.from({ length: n * n }, (_, k) => of(Math.floor(k / n), k % n));
      const a = tape.upload(
        at((i) => i % 7),
        [n, n],
      );
      const b = tape.upload(
        at((_, j) => j % 5),
        [n, n],
      );
      const started = performance.now();
      const product = await read(device, matmul(tape, a, b));
      const seconds = (performance.now() - started) / 1000;
      tape.end();
      const wrong = product.findIndex((value, k) => value !== n * (Math.floor(k / n) % 7) * ((k % n) % 5));
      return wrong < 0
        ? {
            name,
            verdict: "fine",
            found: `of [${n}, ${n}] matrices is right, compiled and computed in ${seconds.toFixed(1)} s`,
          }
        : {
            name,
            verdict: "fault",
            found: `of [${n}, ${n}] matrices is wrong at element ${wrong}: ${product[wrong]}`,
            remedy: "update the driver, or take another with --driver system or --driver bundled",
          };
    } finally {
      device.close();
    }
  } catch (error) {
    return {
      name,
      verdict: "fault",
      found: (error as Error).message.split("\n")[0]!,
      remedy: "update the driver, or take another with --driver system or --driver bundled",
    };
  }
}
