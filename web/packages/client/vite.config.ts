import { defineConfig } from "vitest/config";

export default defineConfig({
  build: {
    lib: { entry: "src/index.ts", formats: ["es"], fileName: "workroom-client" },
    target: "es2022",
    sourcemap: "hidden",
    rolldownOptions: { output: { minify: true, comments: false } },
  },
  test: { include: ["test/**/*.test.ts"], testTimeout: 300_000, hookTimeout: 300_000 },
});
