import js from "@eslint/js";
import globals from "globals";

// The page holds its scripts one after the other, not as modules: each says what it takes of the others, and what it gives.
export default [
  { ignores: ["workflow/*/vendor/", "results/", "**/.*/"] },
  js.configs.recommended,
  {
    files: ["workflow/report/scripts/*.js", "workflow/browse/static/*.js"],
    languageOptions: { sourceType: "script", globals: globals.browser },
    rules: { strict: ["error", "global"], eqeqeq: "error", "no-var": "error", "prefer-const": "error" },
  },
  {
    files: ["workflow/browse/static/editor.js", "workflow/browse/static/ranges.js"],
    languageOptions: { sourceType: "module", globals: globals.browser },
    rules: { strict: "off", "no-var": "error", "prefer-const": "error", eqeqeq: "error" },
  },
  {
    files: ["tests/**/*.js"],
    languageOptions: { sourceType: "script", globals: globals.browser },
    rules: { "no-unused-expressions": "off" },
  },
];
