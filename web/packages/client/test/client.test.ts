// The client as programs use it, over sockets that are played by hand.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { connect, type Options, type Socket, type Status, WorkroomError } from "../src/index.js";

type Json = Record<string, unknown>;

let sockets: PlayedSocket[] = [];

class PlayedSocket implements Socket {
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  onerror: Socket["onerror"] = null;
  readonly sent: Json[] = [];
  ended = false;

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {
    sockets.push(this);
  }

  send(data: string): void {
    this.sent.push(JSON.parse(data) as Json);
  }

  close(): void {
    this.ended = true;
  }

  open(): void {
    this.onopen?.({} as never);
  }

  hear(message: Json): void {
    this.onmessage?.({ data: JSON.stringify(message) } as never);
  }

  break(code: number): void {
    this.onclose?.({ code, reason: "" } as never);
  }

  /** Answers a join; the project is empty. */
  join(room: number, seq = 3): void {
    const id = this.sent.filter(({ type }) => type === "join_project").at(-1)?.["request_id"];
    const payload = { project_id: room, seq, recovered: false, rights: "edit" };
    this.hear({ type: "subscribed", payload });
    this.hear({ type: "ack", payload: { request_id: id, project_id: room, seq } });
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
});
afterEach(() => {
  vi.useRealTimers();
});

function client(options: Partial<Options> = {}) {
  const url = "https://workroom.example";
  return connect({ url, token: "t1", WebSocket: PlayedSocket, random: () => 1, ...options });
}

function socket(): PlayedSocket {
  const last = sockets.at(-1);
  if (!last) throw new Error("no socket was opened");
  return last;
}

test("nothing is connected before something is asked for", () => {
  expect([client().status, sockets.length]).toEqual(["idle", 0]);
});

test("the token goes into a subprotocol, never into the address", () => {
  client().essay(7);
  expect(socket().url).toBe("wss://workroom.example/ws/essays/7/");
  expect(socket().protocols).toEqual(["workroom.v1", "bearer.t1"]);
});

test("all projects share a connection, which ends with the last of them", () => {
  const workroom = client();
  const [one, two] = [workroom.project(1), workroom.project(2)];
  socket().open();
  expect([sockets.length, socket().sent.length]).toEqual([1, 2]);
  one.close();
  expect(socket().sent.at(-1)).toEqual({ type: "leave_project", payload: { project_id: 1 } });
  two.close();
  expect([socket().ended, workroom.status]).toEqual([true, "idle"]);
  workroom.project(3);
  expect(sockets.length).toBe(2);
});

test("the status follows the connections", () => {
  const workroom = client();
  const seen: Status[] = [];
  workroom.on("status", (status) => seen.push(status));
  workroom.project(1);
  socket().open();
  socket().break(1006);
  vi.advanceTimersByTime(1000);
  socket().open();
  workroom.close();
  expect(seen).toEqual(["connecting", "online", "offline", "connecting", "online", "idle"]);
});

test("no `request_id` is ever made twice, not for a room that is opened again either", () => {
  const workroom = client();
  const ids = new Set<unknown>();
  let count = 0;
  for (let round = 0; round < 3; round++) {
    const project = workroom.project(1);
    socket().open();
    socket().join(1);
    project.request("update_project", { data: { title: `${round}` } }).catch(() => undefined);
    for (const { request_id: id } of socket().sent.filter((each) => each["request_id"])) {
      ids.add(id);
      count++;
    }
    expect([...ids].every((id) => String(id).length <= 64)).toBe(true);
    project.close();
  }
  expect([ids.size, count]).toEqual([6, 6]);
});

test("a token that ends soon is renewed without a new connection", async () => {
  const tokens = ["t1", "t2"];
  client({ token: () => tokens.shift() ?? "" }).project(1);
  await vi.advanceTimersByTimeAsync(0);
  socket().open();
  socket().hear({ type: "token_expiring", payload: { seconds: 60 } });
  await vi.advanceTimersByTimeAsync(0);
  expect(socket().sent.at(-1)).toMatchObject({ type: "refresh_token", payload: { token: "t2" } });
  expect(sockets.length).toBe(1);
});

test("what cannot be a token is refused like one, once the program can hear of it", () => {
  class Picky extends PlayedSocket {
    constructor(url: string, protocols: string[]) {
      if (protocols.some((name) => name.includes(" "))) throw new SyntaxError("no protocol");
      super(url, protocols);
    }
  }
  const why = vi.fn();
  client({ token: "no token", WebSocket: Picky }).project(1).on("closed", why);
  vi.advanceTimersByTime(1);
  expect(why).toHaveBeenCalledWith(expect.objectContaining({ code: "no_token" }));
});

test("while no token can be had, it is asked for again and again, later and later", async () => {
  const asked = vi.fn(() => Promise.reject(new Error("offline")));
  client({ token: asked }).project(1);
  await vi.advanceTimersByTimeAsync(500 + 1000 + 2000);
  expect(asked).toHaveBeenCalledTimes(4);
});

test("a connection that has gone silent is replaced", () => {
  client().project(1);
  socket().open();
  socket().join(1);
  vi.advanceTimersByTime(30_000);
  expect(socket().sent.at(-1)).toMatchObject({ type: "refresh_token" });
  vi.advanceTimersByTime(10_000);
  expect(socket().ended).toBe(true);
  vi.advanceTimersByTime(500);
  expect(sockets.length).toBe(2);
});

test("a request is answered, or refused with an error that says why", async () => {
  const project = client().project(1);
  socket().open();
  socket().join(1);
  const good = project.request("update_project", { data: { title: "A" } });
  const bad = project.request("update_project", { data: { title: "" } });
  const [first, second] = socket()
    .sent.slice(-2)
    .map((each) => each["request_id"]);
  socket().hear({ type: "ack", payload: { request_id: first, project_id: 1, seq: 4 } });
  const error = { code: "INVALID_MESSAGE", message: "payload.data.title: …", retry: "never" };
  socket().hear({ type: "error", payload: { ...error, request_id: second } });
  expect(await good).toMatchObject({ seq: 4 });
  const refused: unknown = await bad.catch((reason: unknown) => reason);
  expect(refused).toBeInstanceOf(WorkroomError);
  expect(refused).toMatchObject({ code: "invalid_message", message: "payload.data.title: …" });
});

test("a message that the server did not read, being too large, stands in nobody's way", async () => {
  const workroom = client();
  const one = workroom.project(1);
  socket().open();
  socket().join(1);
  const two = workroom.project(2);
  socket().join(2);
  const update = (project: typeof one, description: string) =>
    project.request("update_project", { data: { description } });
  const answered = update(one, "x".repeat(5000));
  const small = update(two, "y".repeat(2000));
  const large = update(two, "\u05d0".repeat(1500)); // 3,000 bytes
  const [first, second] = socket()
    .sent.slice(-3)
    .map((each) => each["request_id"]);
  socket().hear({ type: "ack", payload: { request_id: first, project_id: 1, seq: 4 } });
  socket().hear({ type: "error", payload: { code: "TOO_LARGE", message: "…", retry: "never" } });
  await expect(large).rejects.toMatchObject({ code: "too_large" });
  socket().hear({ type: "ack", payload: { request_id: second, project_id: 2, seq: 4 } });
  await Promise.all([answered, small]);
});

test("what a room sent that was closed since is no measure of what others send", async () => {
  const workroom = client();
  const [one, two] = [workroom.project(1), workroom.project(2)];
  socket().open();
  const joins = socket().sent.map((each) => each["request_id"]);
  for (const [at, room] of [1, 2].entries()) {
    socket().hear({ type: "subscribed", payload: { project_id: room, seq: 3, recovered: false } });
    socket().hear({ type: "ack", payload: { request_id: joins[at], project_id: room, seq: 3 } });
  }
  const update = (project: typeof one, description: string) =>
    project.request("update_project", { data: { description } });
  const forsaken = update(one, "x".repeat(5000));
  const good = update(two, "y");
  one.close();
  await expect(forsaken).rejects.toMatchObject({ code: "closed" });
  const tooLarge = { code: "TOO_LARGE", message: "…", retry: "never" };
  socket().hear({ type: "error", payload: tooLarge });
  const id = socket()
    .sent.filter(({ type }) => type === "update_project")
    .at(-1)?.["request_id"];
  socket().hear({ type: "ack", payload: { request_id: id, project_id: 2, seq: 4 } });
  await good;

  const three = workroom.project(3);
  socket().join(3);
  const left = update(three, "x".repeat(5000));
  three.close();
  await expect(left).rejects.toMatchObject({ code: "closed" });
  socket().break(1006);
  vi.advanceTimersByTime(1000);
  socket().open();
  socket().join(2);
  const large = update(two, "y".repeat(3000));
  socket().hear({ type: "error", payload: tooLarge });
  await expect(large).rejects.toMatchObject({ code: "too_large" });
});

test("what is asked of a room that was closed is refused", async () => {
  const project = client().project(1);
  const waiting = project.request("update_project", { data: { title: "A" } });
  project.close();
  await expect(waiting).rejects.toMatchObject({ code: "closed" });
  const late = project.request("update_project", { data: { title: "A" } });
  await expect(late).rejects.toMatchObject({ code: "closed" });
});

test("a connection that the server closes for good closes its rooms", () => {
  const essay = client().essay(1);
  const why = vi.fn();
  essay.on("closed", why);
  socket().open();
  socket().break(4403);
  expect(why).toHaveBeenCalledWith(expect.objectContaining({ code: "permission_denied" }));
  vi.advanceTimersByTime(100_000);
  expect(sockets.length).toBe(1);
});

test("an event is passed on by its name, and a listener that fails stops nobody", () => {
  const microtask = vi.spyOn(globalThis, "queueMicrotask").mockImplementation(() => undefined);
  const project = client().project(1);
  const heard = vi.fn();
  project.on("project_updated", () => {
    throw new Error("a mistake of the program's");
  });
  const end = project.on("project_updated", heard);
  socket().open();
  socket().join(1);
  const payload = { project_id: 1, changes: { title: "A" }, updated_by: "1", seq: 4 };
  socket().hear({ type: "project_updated", payload });
  expect(heard).toHaveBeenCalledExactlyOnceWith(payload);
  expect([project.state.fields.title, microtask.mock.calls.length]).toEqual(["A", 1]);
  end();
  socket().hear({ type: "project_updated", payload });
  expect(heard).toHaveBeenCalledTimes(1);
  microtask.mockRestore();
});

test("what comes over a socket that was dropped is not heard", () => {
  const project = client().project(1);
  const dropped = socket();
  const { onmessage } = dropped;
  dropped.open();
  dropped.join(1);
  project.close();
  expect([onmessage, dropped.onmessage]).toEqual([expect.any(Function), null]);
});
