import tseslint from "typescript-eslint";
import js from "@eslint/js";

// Types are the compiler's business (`strict` and more, see tsconfig.json); these rules need no type information, which keeps them fast.
export default tseslint.config(
  { ignores: ["dist/", "runs/", "node_modules/"] },
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
    files: ["scripts/**", "bench/peers/**", "*.cjs", "*.config.*"],
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
