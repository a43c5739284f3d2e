// The real server, in a process of its own, with people and rooms to look at.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const PYTHON = fileURLToPath(new URL("../../../../.venv/bin/python", import.meta.url));

/** Below the ports that systems give to whoever asks for any: nobody gets it meanwhile. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000);
    const server = createServer().listen(port, "127.0.0.1");
    try {
      await once(server, "listening");
    } catch {
      continue;
    }
    server.close();
    await once(server, "close");
    return port;
  }
}

export class RealServer {
  private readonly data = mkdtempSync(join(tmpdir(), "workroom-"));
  private process: ChildProcess | null = null;

  private constructor(
    private readonly port: number,
    private readonly projectPort: number,
    private readonly settings: Record<string, string>,
  ) {}

  static async start(settings: Record<string, string> = {}): Promise<RealServer> {
    const server = new RealServer(await freePort(), await freePort(), settings);
    await server.restart();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Start it, on the ports and the data that it had before. */
  async restart(): Promise<void> {
    const child = spawn(PYTHON, ["-m", "workroom", "demo"], {
      env: this.environment(),
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.process = child;
    const lines = createInterface({ input: child.stdout });
    for await (const line of lines) if (line.startsWith("Ctrl-C ends it")) return;
    throw new Error("the server did not start");
  }

  /** End it as a crash would. */
  async kill(): Promise<void> {
    const { process: child } = this;
    this.process = null;
    if (!child) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.data, { recursive: true });
  }

  token(username: string): string {
    const command = ["-m", "workroom", "token", username];
    return execFileSync(PYTHON, command, { env: this.environment(), encoding: "utf-8" }).trim();
  }

  async get(path: string, token: string): Promise<Record<string, unknown>> {
    const headers = { Authorization: `Bearer ${token}` };
    const answer = await fetch(this.url + path, { headers });
    return (await answer.json()) as Record<string, unknown>;
  }

  private environment(): NodeJS.ProcessEnv {
    const clean = Object.entries(process.env).filter(([name]) => !name.startsWith("WORKROOM_"));
    return {
      ...Object.fromEntries(clean),
      WORKROOM_DATA_DIR: this.data,
      WORKROOM_PORT: `${this.port}`,
      WORKROOM_PROJECT_PORT: `${this.projectPort}`,
      WORKROOM_WORKER: "0",
      PYTHONUNBUFFERED: "1",
      ...this.settings,
    };
  }
}
