// Against the real server, over real sockets.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { connect, type Essay, type SocketClass, type Workroom } from "../src/index.js";
import { RealServer } from "./server.js";

const WORDS = "turns into a hospital";

let server: RealServer;
let emma: string;
let jane: string;
const open: Workroom[] = [];

beforeAll(async () => {
  server = await RealServer.start();
  [emma, jane] = [server.token("emma"), server.token("jane")];
});

afterAll(async () => {
  for (const workroom of open) workroom.close();
  await server.stop();
});

function client(token: string | (() => string)): Workroom {
  const socket = WebSocket as unknown as SocketClass;
  const workroom = connect({ url: server.url, token, WebSocket: socket });
  open.push(workroom);
  return workroom;
}

/** Waits until this is so. */
async function until(it: () => boolean): Promise<void> {
  await vi.waitFor(
    () => {
      if (!it()) throw new Error(`not so after all this time: ${it.toString()}`);
    },
    { timeout: 120_000, interval: 10 },
  );
}

async function ready(essay: Essay): Promise<Essay> {
  await until(() => essay.state.phase === "live");
  return essay;
}

test("two people who type at once both keep their words", async () => {
  const [hers, janes] = [await ready(client(emma).essay(1)), await ready(client(jane).essay(1))];
  expect(hers.text.length).toBeGreaterThan(1000);
  for (let n = 0; n < 20; n++) {
    hers.edit(`Emma ${n}. ${hers.text}`);
    janes.edit(`${janes.text} Jane ${n}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await until(() => hers.saved === "stored" && janes.saved === "stored");
  await until(() => hers.text === janes.text);
  for (let n = 0; n < 20; n++) {
    expect(hers.text.split(`Emma ${n}.`).length).toBe(2);
    expect(hers.text.split(`Jane ${n}.`).length).toBe(2);
  }
  const stored = await server.get("/api/essays/1/", emma);
  expect(stored["content"]).toBe(hers.text);
});

test("a comment on words is seen by the other, on these words", async () => {
  const [hers, janes] = [await ready(client(emma).essay(1)), await ready(client(jane).essay(1))];
  const at = janes.text.indexOf(WORDS);
  const ack = await janes.request("add_feedback", {
    feedback: {
      type: "style",
      comment: "Good.",
      highlight_start: at,
      highlight_end: at + WORDS.length,
    },
  });
  await until(() => [...hers.state.feedback.values()].some(({ comment }) => comment === "Good."));
  const found = [...hers.state.feedback.values()].find(({ comment }) => comment === "Good.");
  expect(found).toMatchObject({ quote: WORDS, highlight_start: at, author: { id: 2 } });
  expect(ack.request_id).toMatch(/\.r0$/);
});

test("a request that is not allowed is refused with a code", async () => {
  const workroom = client(server.token("mike"));
  const essay = await ready(workroom.essay(1));
  expect(essay.state.rights).toBe("view");
  const feedback = { type: "style", comment: "No." } as const;
  await expect(essay.request("add_feedback", { feedback })).rejects.toMatchObject({
    name: "WorkroomError",
    code: "permission_denied",
    retry: "never",
  });
  const gone = new Promise((resolve) => workroom.essay(999).on("closed", resolve));
  expect(await gone).toMatchObject({ code: "permission_denied" });
});

test("a save over the limit of a message is refused, and the next one goes through", async () => {
  const essay = await ready(client(emma).essay(1));
  const { text } = essay;
  essay.edit("x".repeat(1.2 * 1024 * 1024));
  await until(() => essay.saved === "refused");
  expect(essay.state.refused?.problem.code).toBe("too_large");
  essay.edit(`Shorter. ${text}`);
  await until(() => essay.saved === "stored");
  const { content } = await server.get("/api/essays/1/", emma);
  expect(content).toBe(`Shorter. ${text}`);
});

test("a save whose answer was lost, and which is then too large, is neither lost nor doubled", async () => {
  const body = JSON.stringify({ title: "Long", content: "あ".repeat(200_000) });
  const headers = { Authorization: `Bearer ${emma}`, "Content-Type": "application/json" };
  const made = await fetch(`${server.url}/api/essays/`, { method: "POST", headers, body });
  const { id } = (await made.json()) as { id: number };
  const length = async (): Promise<number> =>
    String((await server.get(`/api/essays/${id}/`, emma))["content"]).length;

  let losses = 1;
  class Losing extends WebSocket {
    override send(data: string): void {
      super.send(data);
      if (!data.includes("update_essay") || losses-- < 1) return;
      const { onclose } = this;
      this.onmessage = this.onclose = null;
      const arrived = async (): Promise<void> => {
        expect(await length()).toBe(340_000);
      };
      void vi.waitFor(arrived, { timeout: 120_000 }).then(() => {
        this.onclose = onclose;
        this.terminate();
      });
    }
  }
  const socket = Losing as unknown as SocketClass;
  const workroom = connect({ url: server.url, token: emma, WebSocket: socket });
  open.push(workroom);
  const essay = await ready(workroom.essay(id));
  essay.edit(essay.text + "い".repeat(140_000));
  await until(() => essay.saved === "stored");
  expect(losses).toBeLessThan(0);
  expect([essay.text.length, await length()]).toEqual([340_000, 340_000]);
});

test("a project's fields are known, and change for everybody", async () => {
  const [hers, janes] = [client(emma).project(123), client(jane).project(123)];
  await until(() => hers.state.phase === "live" && janes.state.phase === "live");
  await janes.request("update_project", { data: { metadata: { stage: "hanging" } } });
  await until(() => hers.state.fields.metadata?.["stage"] === "hanging");
  expect(hers.state.fields.title).toBe("Colours of the Harbour");
  expect([...hers.state.people.keys()].sort()).toEqual([1, 2]);
});

test("a bad token is replaced by the next one, and without a next one that is the end", async () => {
  const tokens = ["no token", emma];
  expect((await ready(client(() => tokens.shift() ?? "").essay(1))).state.rights).toBe("owner");
  const refused = client("no token").essay(1);
  await until(() => refused.state.phase === "closed");
  expect(refused.state.problem?.code).toBe("no_token");
});

test("nothing is lost or doubled when the server is killed while people type", async () => {
  const [hers, janes] = [await ready(client(emma).essay(1)), await ready(client(jane).essay(1))];
  const comments: Promise<unknown>[] = [];
  const words: string[] = [];
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 30; n++) {
      const word = `kill${round}x${n}x`;
      words.push(word);
      if (n % 2) hers.edit(`${word} ${hers.text}`);
      else janes.edit(`${janes.text} ${word}`);
      await new Promise((resolve) => setTimeout(resolve, 15 + 5 * round));
      if (n === 20) await server.kill();
    }
    const feedback = { type: "general", comment: `round ${round}` } as const;
    comments.push(hers.request("add_feedback", { feedback }));
    expect([hers.saved, janes.saved]).toContain("unsaved");
    await server.restart();
    await until(() => hers.saved === "stored" && janes.saved === "stored");
  }
  await until(() => hers.text === janes.text);
  const { content } = await server.get("/api/essays/1/", emma);
  expect(content).toBe(hers.text);
  expect(words.filter((word) => String(content).split(word).length !== 2)).toEqual([]);
  await Promise.all(comments);
  await until(() => janes.state.feedback.size === hers.state.feedback.size);
  for (const { state } of [hers, janes]) {
    const said = [...state.feedback.values()].map(({ comment }) => comment);
    expect(said.filter((comment) => comment.startsWith("round"))).toHaveLength(3);
  }
});
