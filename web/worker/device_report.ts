import { WANTED_LIMITS, type Device } from "../../engine/device.ts";
import { choicesIn } from "./tuned_store.ts";
import type { DeviceReport } from "../protocol.ts";

/** What the page shows of an open device. */
export function reportDevice(device: Device): DeviceReport {
  const { info, features, limits, instance } = device;
  const found = WANTED_LIMITS.map((name) => [name, limits[name as keyof GPUSupportedLimits]] as const);
  return {
    ok: true,
    name: info.name,
    vendor: info.vendor,
    architecture: info.architecture,
    software: device.isSoftware,
    features: [...features].sort(),
    limits: Object.fromEntries(
      found.filter((entry): entry is [(typeof WANTED_LIMITS)[number], number] => entry[1] !== undefined),
    ),
    subgroupSizes: [info.subgroupMinSize, info.subgroupMaxSize],
    tuned: device.table ? { date: device.table.date, choices: choicesIn(device.table) } : null,
    immediates: instance.wgslLanguageFeatures.has("immediate_address_space"),
  };
}
