import { fileURLToPath } from "node:url";

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [svelte()],
  // From its source: nothing has to be built before the page.
  resolve: {
    alias: {
      "workroom-client/change": here("../packages/client/src/change.ts"),
      "workroom-client": here("../packages/client/src/index.ts"),
    },
  },
  build: {
    outDir: here("../../src/workroom/transports/page/dist"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
  test: { include: ["test/**/*.test.ts"], testTimeout: 300_000, hookTimeout: 300_000 },
});
