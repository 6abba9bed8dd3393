import { create } from "webgpu"; import { readFileSync } from "node:fs";
const [file, ...pairs] = process.argv.slice(2);
const gpu = create(["enable-dawn-features=dump_shaders", "adapter=llvmpipe (LLVM 15.0.6, 256 bits)"]);
const adapter = await gpu.requestAdapter();
const device = await adapter.requestDevice({ requiredFeatures: ["shader-f16","subgroups"], requiredLimits: { maxStorageBuffersPerShaderStage: 10, maxComputeWorkgroupStorageSize: 32768 } });
let code = readFileSync(file, "utf8");
for (const p of pairs) { const [k, v] = p.split("="); code = code.replace(new RegExp(`^const ${k}: (\\w+) = [^;]*;`, "m"), `const ${k}: $1 = ${v};`); }
device.pushErrorScope("validation");
const module = device.createShaderModule({ code });
device.createComputePipeline({ layout: "auto", compute: { module } });
const e = await device.popErrorScope(); if (e) console.log("ERR", e.message);
device.destroy();
