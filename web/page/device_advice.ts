import type { DeviceReport } from "../protocol.ts";

type Found = Extract<DeviceReport, { ok: true }>;

/** What a device lacks of what the engine can use, and what that costs. */
export function missingFeatures(device: Found): { readonly name: string; readonly meaning: string }[] {
  const optional = [
    [
      "shader-f16",
      "no 16-bit arithmetic, so everything is computed in 32 bits; results are the same or better, memory is double",
    ],
    ["subgroups", "kernels share sums through workgroup memory instead, which is slower"],
    [
      "timestamp-query",
      "kernels cannot be timed one by one; Chrome shows it behind chrome://flags/#enable-webgpu-developer-features",
    ],
  ] as const;
  const missing: { name: string; meaning: string }[] = optional
    .filter(([name]) => !device.features.includes(name))
    .map(([name, meaning]) => ({ name, meaning }));
  if (!device.immediates)
    missing.push({
      name: "immediates",
      meaning: "sizes travel in uniform buffers; Chrome and Edge have immediates from version 149",
    });
  return missing;
}

/** How to enable WebGPU in the browser of this user agent, in steps. */
export function whatToDo(userAgent: string): string[] {
  const secure = "Open the page from https or localhost: browsers offer WebGPU to no others.";
  if (/Firefox\//u.test(userAgent))
    return [
      "Firefox has WebGPU on Windows from version 141, and on macOS with Apple silicon from 145 (macOS 26) or 147; elsewhere set dom.webgpu.enabled in about:config, in Firefox Nightly.",
      secure,
    ];
  if (/Safari\//u.test(userAgent) && !/Chrom(e|ium)\//u.test(userAgent))
    return ["Safari has WebGPU from version 26 on macOS, iOS and iPadOS: update the system.", secure];
  if (/Android/u.test(userAgent))
    return [
      "Chrome for Android has WebGPU from version 121, on Android 12 or newer with a GPU by ARM or Qualcomm.",
      secure,
    ];
  const steps = ["Turn on “Use graphics acceleration when available” in the browser's settings, under System."];
  if (/Linux/u.test(userAgent))
    steps.push(
      "On Linux, set chrome://flags/#enable-unsafe-webgpu and chrome://flags/#enable-vulkan, and install the Vulkan driver (mesa-vulkan-drivers or NVIDIA's).",
    );
  steps.push("chrome://gpu says under “WebGPU” what stands in the way.", secure);
  return steps;
}
