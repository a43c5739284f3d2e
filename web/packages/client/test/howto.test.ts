// The examples of docs/howto/connect-your-front-end.md are run, word for word but for the address.
import { execFile, execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { build } from "vite";
import { RealServer } from "./server.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PAGE = readFileSync(join(ROOT, "../../../docs/howto/connect-your-front-end.md"), "utf-8");

const folder = mkdtempSync(join(tmpdir(), "howto-"));
let server: RealServer;
let tokens: Server;

beforeAll(async () => {
  await build({ root: ROOT, logLevel: "error", build: { outDir: folder } });
  server = await RealServer.start();
  const access = server.token("jane");
  tokens = createServer((_request, response) => response.end(JSON.stringify({ access })));
  await new Promise<void>((resolve) => tokens.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  tokens.close();
  await server.stop();
  rmSync(folder, { recursive: true });
});

function examples(language: string): string[] {
  const blocks = PAGE.matchAll(/^```(\w+)\n(.*?)^```$/gms);
  return [...blocks].filter((block) => block[1] === language).map((block) => block[2] ?? "");
}

/** Runs a module beside the client, as a page would; what it printed. */
async function run(code: string, before: string, after = ""): Promise<string> {
  const here = code.replaceAll("http://localhost:8000", server.url);
  const imports = /^\s*import .*$/m.exec(here)?.[0] ?? "";
  const file = join(folder, `${randomUUID()}.mjs`);
  writeFileSync(file, `${imports}\n${before}\n${here.replace(imports, "")}\n${after}`);
  const node = ["--experimental-websocket", "--no-warnings", file];
  const { stdout } = await promisify(execFile)("node", node, { timeout: 30_000 });
  return stdout;
}

test("the examples in JavaScript do what the page says", async () => {
  const { port } = tokens.address() as AddressInfo;
  const said = await run(
    examples("js").join("\n"),
    `const tokenUrl = "http://127.0.0.1:${port}/";`,
  );
  expect(said).toContain("we are online\n");
  expect(said).toMatch(/Jane Smith \(\d+ comments, 0 typing; I edit\)/);
  expect(said).toContain("a comment on: turns into a hospital\n");
  expect(said).toContain("invalid_message payload.data.title: expected at least 1 character(s)");
  expect(said).toContain("changed: [ 'metadata' ]\n");
  expect(said).toContain("Colours of the Harbour\n");
  expect(said.trimEnd()).toMatch(/we are idle$/);
});

test("the page with a textarea shows the essay, and says whether it is stored", async () => {
  const [html = ""] = examples("html");
  const script = /<script type="module">\n(.*?)<\/script>/s.exec(html)?.[1] ?? "";
  const page = `
    const area = Object.assign(new EventTarget(), { value: "", readOnly: false });
    area.setRangeText = (text, start, end) => {
      area.value = area.value.slice(0, start) + text + area.value.slice(end);
    };
    const saved = { textContent: "" };
    globalThis.location = { search: "?token=${server.token("emma")}" };
    globalThis.document = {
      hidden: false,
      querySelector: (name) => (name === "textarea" ? area : saved),
    };
    globalThis.addEventListener = () => undefined;
  `;
  const after = `
    essay.on("change", () => {
      if (!area.value || area.readOnly) return;
      if (!area.value.endsWith("Typed.")) {
        area.value += "Typed.";
        area.dispatchEvent(new Event("input"));
      } else if (saved.textContent === "stored") {
        console.log(saved.textContent, area.value.length);
        process.exit();
      }
    });
  `;
  expect(await run(script, page, after)).toMatch(/^stored \d{4}\n$/);
  const { content } = await server.get("/api/essays/1/", server.token("emma"));
  expect(String(content).endsWith("Typed.")).toBe(true);
});

test("the command that builds the client is a task of the Makefile", () => {
  const help = execFileSync("make", ["help"], { cwd: join(ROOT, "../../.."), encoding: "utf-8" });
  expect(help).toMatch(/make client/);
  expect(examples("sh").join("")).toContain("make client");
});
