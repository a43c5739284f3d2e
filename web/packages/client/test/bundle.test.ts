// What pages load: one file, built as `npm run build` does.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { build } from "vite";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const MOST = 8 * 1024;

const folder = mkdtempSync(join(tmpdir(), "bundle-"));
const file = join(folder, "workroom-client.js");
let code: string;

beforeAll(async () => {
  await build({ root: ROOT, logLevel: "error", build: { outDir: folder } });
  code = readFileSync(file, "utf-8");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("it is at most 8 KB when compressed", () => {
  const size = gzipSync(code, { level: 9 }).length;
  console.log(`${size} bytes of ${MOST}, compressed`);
  expect(size).toBeLessThanOrEqual(MOST);
});

test("it needs nothing else, so that a page can load it as a module", async () => {
  expect(code).not.toMatch(/\bimport\b[^(]/);
  const module = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as object;
  expect(Object.keys(module).sort()).toEqual([
    "Essay",
    "Project",
    "Workroom",
    "WorkroomError",
    "bindTextarea",
    "connect",
    "diff",
    "map",
    "merge",
  ]);
});

test("the package has nothing to install", () => {
  const about = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf-8")) as object;
  expect(about).not.toHaveProperty("dependencies");
});
