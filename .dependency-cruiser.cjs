// Imports point one way, so that each room can be read without the next.
const ORDER = ["engine", "kernels", "model", "config", "data", "checkpoint", "recognition", "train", "cli"];
const SOURCE = `^(${ORDER.join("|")}|bench)/`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      comment: "A circle of files has no beginning to read it from. Types count as well.",
      from: {},
      to: { circular: true },
    },
    ...ORDER.slice(0, -1).map((folder, position) => ({
      name: `${folder}-points-left`,
      severity: "error",
      comment: `${ORDER.join(" <- ")}; bench and test may import all of them`,
      from: { path: `^${folder}/` },
      to: {
        path: `^(${[...ORDER.slice(position + 1), "bench", "test", "examples", "scripts", "index\\.ts$"].join("|")})`,
      },
    })),
    {
      name: "engine-knows-no-home",
      severity: "error",
      comment: "Files, drivers and processes are the host's: what the engine needs of where it runs is in engine/host",
      from: { path: "^engine/", pathNot: "^engine/(host|node)/" },
      to: {
        path: "^engine/node/|^node:|^(fs|path|os|url|v8|vm|process|child_process|module|timers)",
        pathNot: "^engine/host/",
      },
    },
    {
      name: "only-the-host-and-commands-know-drivers",
      severity: "error",
      comment:
        "engine/node is Dawn for Node, behind engine/host/node.ts; the command line and benchmarks also show and write what is there; the cache's folder is anyone's who keeps files",
      from: { path: `^(${ORDER.slice(0, -1).join("|")})/`, pathNot: "^engine/(host|node)/" },
      to: { path: "^engine/node/", pathNot: "^engine/node/cache_folder\\.ts$" },
    },
    {
      name: "source-imports-no-tests",
      severity: "error",
      comment: "bench/gpu is no part of the package: what a GPU computes is compared with the tests' values",
      from: { path: SOURCE, pathNot: "^bench/gpu/" },
      to: { path: "^(test|scripts|examples)/" },
    },
    {
      name: "declared-packages-only",
      severity: "error",
      comment: "What the published package imports is listed in its dependencies",
      from: { path: `${SOURCE}|^index\\.ts$`, pathNot: "^bench/peers/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "everything-resolves",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: "^@webgpu/types$" }, // global types, without a module
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^bench/peers/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["types", "import", "node", "default"] },
  },
};
