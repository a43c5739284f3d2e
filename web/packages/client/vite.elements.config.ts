// The drop-in pieces: each a file of its own, on top of the client.
import { fileURLToPath } from "node:url";

import { defineConfig } from "vite";

const client = fileURLToPath(new URL("src/index.ts", import.meta.url));
const NAMES = ["avatars", "tasks", "textarea"];

export default defineConfig({
  build: {
    emptyOutDir: false,
    lib: {
      entry: Object.fromEntries(NAMES.map((name) => [name, `src/elements/${name}.ts`])),
      formats: ["es"],
      fileName: (_format, name) => `elements/${name}.js`,
    },
    target: "es2022",
    sourcemap: "hidden",
    rolldownOptions: {
      external: (id) => id.endsWith("/index.js") || id === client,
      output: {
        paths: () => "./workroom-client.js",
        chunkFileNames: "elements/base.js",
        minify: true,
        comments: false,
      },
    },
  },
});
