import tseslint from "typescript-eslint";
import js from "@eslint/js";

// Types are the compiler's business (`strict` and more, see tsconfig.json); these rules need no type information, which keeps them fast.
export default tseslint.config(
  { ignores: ["dist/", "docs/.vitepress/dist/", "web/dist/", "runs/", "node_modules/"] },
  js.configs.recommended,
  tseslint.configs.recommended,
  {
    rules: {
      eqeqeq: ["error", "always", { null: "ignore" }],
      "max-lines": ["error", { max: 400 }],
      "no-warning-comments": ["error", { terms: ["todo", "fixme", "xxx"] }],
      "object-shorthand": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    },
  },
  {
    // What also runs in a browser, with dependency-cruiser's rule "pure-halves-know-no-home".
    files: [
      "{api,engine,kernels,model,config}/**",
      "data/{batches,text,synthetic}/**",
      "data/item.ts",
      "data/manifest/validate.ts",
      "checkpoint/{build_model,checkpoint,state}.ts",
      "checkpoint/safetensors/**",
      "checkpoint/hugging_face/{state,spelling}.ts",
      "recognition/{chunks,decoder_search,fitting_chunk,joint_search,long_audio,memory,posteriors,recognise,recogniser,rescore,search_memory}.ts",
      "recognition/evaluation/{error_rate,evaluate,alignment_text,sclite_alignment,trn}.ts",
      "recognition/significance/{bootstrap,mapsswe,normal_tail}.ts",
      "train/{descend,learning_rate,optimizer,optimizers,recogniser_steps,run_length,step_clock,steps,training_paths,training_step}.ts",
      "train/log/{attention_name,metrics_ring,run_metrics}.ts",
      "train/profile/phases.ts",
    ],
    ignores: [
      "engine/node/**",
      "engine/host/node.ts",
      "data/synthetic/{digit_corpus,load_flite}.ts",
      "data/synthetic/threads/**",
      "checkpoint/safetensors/file.ts",
    ],
    rules: {
      "no-restricted-globals": ["error", "Buffer", "process", "require", "__dirname", "global", "setImmediate"],
    },
  },
  {
    files: ["scripts/**", "docs/.vitepress/*.mjs", "web/**/*.mjs", "bench/peers/**", "*.cjs", "*.config.*"],
    languageOptions: {
      globals: {
        process: "readonly",
        console: "readonly",
        module: "writable",
        URL: "readonly",
        performance: "readonly",
      },
    },
  },
);
