// The drop-in pieces, built as `npm run build` does; what they do is tested in a browser.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { build } from "vite";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "elements-"));
let files: Map<string, string>;

beforeAll(async () => {
  const configFile = join(ROOT, "vite.elements.config.ts");
  await build({ root: ROOT, configFile, logLevel: "error", build: { outDir: folder } });
  const built = join(folder, "elements");
  const names = readdirSync(built).filter((name) => name.endsWith(".js"));
  files = new Map(names.map((name) => [name, readFileSync(join(built, name), "utf-8")]));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("each is a file of its own, and needs the client and what they share", () => {
  expect([...files.keys()].sort()).toEqual(["avatars.js", "base.js", "tasks.js", "textarea.js"]);
  for (const code of files.values()) {
    const needed = [...code.matchAll(/(?:from|import)\s*"([^"]+)"/g)].map(([, path]) => path);
    for (const path of needed) expect(["./base.js", "../workroom-client.js"]).toContain(path);
  }
});

test("all together take less room than the client", () => {
  const sizes = [...files.values()].map((code) => gzipSync(code, { level: 9 }).length);
  const sum = sizes.reduce((one, two) => one + two, 0);
  console.log(`${sum} bytes, compressed`);
  expect(sum).toBeLessThan(8 * 1024);
});

test("nothing in them makes markup of a text, or a style inline", () => {
  for (const code of files.values()) {
    expect(code).not.toMatch(/innerHTML|insertAdjacentHTML|outerHTML|setAttribute\("style"/);
  }
});
