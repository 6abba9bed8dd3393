// Imports point one way, so that each room can be read without the next.
const ORDER = ["engine", "kernels", "model", "config", "data", "checkpoint", "recognition", "train", "cli"];

// What also runs in a browser: three rooms and the halves of others that work on values in memory. ESLint holds the same of globals.
const PURE = [
  "^api/",
  "^engine/(?!node/|host/node\\.ts$)",
  "^(kernels|model|config)/",
  "^data/(batches/|text/|synthetic/(?!digit_corpus\\.ts$|load_flite\\.ts$|threads/)|(item|observer)\\.ts$|manifest/validate\\.ts$)",
  "^checkpoint/((build_model|checkpoint|state)\\.ts$|safetensors/(?!file\\.ts$)|hugging_face/(state|spelling)\\.ts$)",
  "^recognition/((batched_search|chunks|decoder_search|fitting_chunk|joint_search|long_audio|memory|posteriors|recognise|recogniser|rescore|search_memory)\\.ts$|significance/(bootstrap|mapsswe|normal_tail)\\.ts$)",
  "^recognition/evaluation/(error_rate|evaluate|alignment_text|sclite_alignment|trn)\\.ts$",
  "^train/((descend|learning_rate|optimizers?|recogniser_steps|run_length|step_clock|steps|training_paths|training_step)\\.ts$|log/(attention_name|metrics_ring|run_metrics)\\.ts$|profile/phases\\.ts$)",
].join("|");
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
      comment: `${ORDER.join(" <- ")}; bench, test and web may import all of them`,
      from: { path: `^${folder}/` },
      to: {
        path: `^(${[...ORDER.slice(position + 1), "bench", "test", "web", "examples", "scripts", "index\\.ts$"].join("|")})`,
      },
    })),
    {
      name: "pure-halves-know-no-home",
      severity: "error",
      comment: "Files, drivers and processes are Node's: what the engine needs of where it runs is in engine/host",
      from: { path: PURE },
      to: { dependencyTypes: ["core"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "pure-halves-import-pure-halves",
      severity: "error",
      comment: "What a browser loads must not bring Node along",
      from: { path: PURE },
      to: {
        path: "^(engine/node|data|checkpoint|recognition|train)/|^node_modules/(webgpu|koffi)/",
        pathNot: PURE,
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "only-the-host-and-commands-know-drivers",
      severity: "error",
      comment:
        "engine/node is Dawn for Node, behind engine/host/node.ts; the command line and benchmarks also show and write what is there; the cache's folder, and making folders, are anyone's who keeps files",
      from: { path: `^(${ORDER.slice(0, -1).join("|")})/`, pathNot: "^engine/(host|node)/" },
      to: { path: "^engine/node/", pathNot: "^engine/node/(cache_folder|make_folders)\\.ts$" },
    },
    {
      name: "source-imports-no-tests",
      severity: "error",
      comment: "bench/gpu is no part of the package: what a GPU computes is compared with the tests' values",
      from: { path: SOURCE, pathNot: "^bench/gpu/" },
      to: { path: "^(test|web|scripts|examples)/" },
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
      to: { couldNotResolve: true, pathNot: "^(@webgpu/types|unfold:shaders)$" }, // global types without a module; what a bundler makes
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
