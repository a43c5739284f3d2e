import { describe, expect, it } from "vitest";

import { type Save, SharedField } from "../src/project/field.js";

type Message =
  { readonly value: string; readonly seq: number } | { readonly stored: number } | "conflict";

/**
 * A server that sets whole values where they are made from the present one. What it has decided is
 * stored a while later, and told then; a refusal comes at once.
 */
class Server {
  private seq = 1;
  private readonly clients: Client[] = [];
  private readonly unstored: (() => void)[] = [];

  constructor(public value: string) {}

  add(client: Client): void {
    this.clients.push(client);
    client.inbox.push({ value: this.value, seq: this.seq });
  }

  set({ value, expected }: Save, by: Client, ackFirst: boolean): void {
    if (expected !== this.value) {
      by.inbox.push("conflict");
      return;
    }
    this.value = value;
    const seq = ++this.seq;
    this.unstored.push(() => {
      if (ackFirst) by.inbox.push({ stored: seq });
      for (const each of this.clients) each.inbox.push({ value, seq });
      if (!ackFirst) by.inbox.push({ stored: seq });
    });
  }

  store(): void {
    for (const tell of this.unstored.splice(0)) tell();
  }
}

class Client {
  readonly field = new SharedField();
  readonly inbox: Message[] = [];
  readonly outbox: Save[] = [];

  constructor(readonly server: Server) {
    server.add(this);
  }

  hear(): void {
    const message = this.inbox.shift();
    if (message === undefined) return;
    if (message === "conflict") this.field.failed(false);
    else if ("stored" in message) this.field.stored(message.stored);
    else this.field.heard(message.value, message.seq);
  }

  save(): void {
    const save = this.field.save();
    if (save) this.outbox.push(save);
  }

  deliver(ackFirst = false): void {
    const save = this.outbox.shift();
    if (save) this.server.set(save, this, ackFirst);
  }

  insert(at: number, text: string): void {
    const { draft } = this.field;
    this.field.typed(draft.slice(0, at) + text + draft.slice(at));
  }

  get busy(): boolean {
    return this.inbox.length > 0 || this.outbox.length > 0 || this.field.pending;
  }
}

function settle(clients: readonly Client[]): void {
  for (let round = 0; clients.some(({ busy }) => busy); round++) {
    expect(round).toBeLessThan(200);
    for (const each of clients) {
      while (each.inbox.length) each.hear();
      each.save();
    }
    for (const each of clients) each.deliver();
    clients[0]?.server.store();
  }
}

function open(count: number, value: string): [Server, Client[]] {
  const server = new Server(value);
  const clients = Array.from({ length: count }, () => new Client(server));
  settle(clients);
  return [server, clients];
}

/** Numbers from 0 to 1 that are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

let numbers = 0;
/** The number of the next change. */
const n = (): number => ++numbers;

describe("a field that several people type into", () => {
  it("keeps what both typed who save at the same moment", () => {
    const [server, clients] = open(2, "The harbour.");
    clients[0]?.insert(0, "Above: ");
    clients[1]?.insert(12, " Below.");
    for (const each of clients) each.save();
    settle(clients);
    expect(server.value).toBe("Above: The harbour. Below.");
    expect(clients.map(({ field }) => field.draft)).toEqual([server.value, server.value]);
  });

  it("is not saved as long as the server has something else", () => {
    const [, [one]] = open(1, "A");
    expect(one?.field.pending).toBe(false);
    one?.insert(1, "B");
    expect(one?.field.pending).toBe(true);
    one?.save();
    expect(one?.field.pending).toBe(true);
    one?.deliver();
    one?.server.store();
    one?.hear();
    one?.hear();
    expect(one?.field.pending).toBe(false);
  });

  it("shows nothing of others while a save is under way, and all of it after", () => {
    const field = new SharedField();
    field.heard("A", n());
    field.typed("AB");
    expect(field.save()).toEqual({ value: "AB", expected: "A" });
    expect(field.heard("XA", n())).toEqual([]);
    expect([field.draft, field.save()]).toEqual(["AB", null]);
    field.failed(false);
    expect(field.save()).toEqual({ value: "XAB", expected: "XA" });
  });

  it("does not try again what was refused, until it is changed", () => {
    const field = new SharedField();
    field.heard("A", n());
    field.typed("");
    expect(field.save()?.value).toBe("");
    field.failed(true);
    expect([field.save(), field.pending]).toEqual([null, true]);
    field.typed("C");
    expect(field.save()?.value).toBe("C");
  });

  it("is left alone while an input method composes in it", () => {
    const field = new SharedField();
    field.heard("A", n());
    field.composing(true);
    field.typed("Aに");
    expect(field.heard("XA", n())).toEqual([]);
    expect(field.draft).toBe("Aに");
    field.composing(false);
    expect(field.draft).toBe("XAに");
  });

  it("has its own words once, also when they come back only together with those of others", () => {
    const field = new SharedField();
    field.heard("One.", n());
    field.typed("One. Two.");
    field.save();
    // As after a connection that was broken, or slow: only the last value is told.
    const seq = n();
    field.heard("One. Two. Three.", n());
    field.stored(seq);
    expect(field.draft).toBe("One. Two. Three.");
    expect(field.pending).toBe(false);
  });

  it("shows what is stored to who may not change it any more", () => {
    const field = new SharedField();
    field.heard("A", n());
    field.typed("AB");
    field.save();
    field.heard("XA", n());
    field.typed("ABC");
    field.giveUp();
    expect([field.draft, field.pending, field.save()]).toEqual(["XA", false, null]);
  });

  it("goes on showing what is stored when the right to write ends in the middle of a word", () => {
    const field = new SharedField();
    field.heard("A", n());
    field.composing(true);
    field.typed("Aに");
    field.giveUp();
    field.heard("XA", n());
    expect(field.draft).toBe("XA");
  });

  it("ends the same for everybody, with every word that was typed, whatever the order", () => {
    for (let seed = 1; seed <= 500; seed++) {
      const random = seeded(seed);
      const [server, clients] = open(3, "base text here");
      const typed: string[] = [];
      for (let turn = 0; turn < 60; turn++) {
        const one = clients[Math.floor(random() * 3)];
        const act = random();
        if (!one) continue;
        if (act < 0.25) {
          const word = `w${typed.length}x`;
          typed.push(word);
          // Between words, as people add some.
          const gaps = [...one.field.draft.matchAll(/ |$/g)].map(({ index }) => index);
          one.insert(gaps[Math.floor(random() * gaps.length)] ?? 0, ` ${word}`);
        } else if (act < 0.5) one.hear();
        else if (act < 0.65) one.save();
        else if (act < 0.85) one.deliver(random() < 0.5);
        else server.store();
      }
      settle(clients);
      for (const { field } of clients) expect(field.draft, `seed ${seed}`).toBe(server.value);
      for (const word of typed) expect(server.value.split(" "), `seed ${seed}`).toContain(word);
    }
  });
});
