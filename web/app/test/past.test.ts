import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { shares, wordsChanged } from "../src/past/past.js";
import { numbered, pageOf, type Version, Versions } from "../src/past/versions.svelte.js";

// The tokens are shared by tabs, which there are none of here.
vi.hoisted(() => vi.stubGlobal("addEventListener", () => undefined));

const person = (id: number) => ({ id, name: `Person ${id}`, role: "student" as const });

describe("what a version changed", () => {
  it("is counted in words", () => {
    const changes = [
      { start: 2, end: 8, deleted: "" },
      { start: 12, end: 12, deleted: "a b c" },
    ];
    expect(wordsChanged("A black cat sat", changes)).toEqual({ added: 1, removed: 3 });
  });
});

describe("who wrote what", () => {
  it("is told with the one who wrote most first, each in a colour of their own", () => {
    const found = shares({
      authors: [person(1), person(9)],
      ranges: [
        { start: 0, end: 10, author_id: 1 },
        { start: 10, end: 40, author_id: 9 },
      ],
    });
    expect(found.map(({ person: { id }, percent }) => [id, percent])).toEqual([
      [9, 75],
      [1, 25],
    ]);
    expect(new Set(found.map(({ colour }) => colour)).size).toBe(2);
  });
});

describe("pages of versions", () => {
  it("are asked for from the last one, and numbered from the first one", () => {
    expect(pageOf(0, 120)).toEqual({ offset: 70, limit: 50 });
    expect(pageOf(119, 120)).toEqual({ offset: 0, limit: 20 });
    expect(pageOf(60, 120)).toEqual({ offset: 20, limit: 50 });
    const results = [{ seq: 9 }, { seq: 8 }] as unknown as Version[];
    expect(numbered(20, { count: 121, results }).map(([index]) => index)).toEqual([100, 99]);
  });
});

describe("ten thousand versions", () => {
  const COUNT = 10_000;
  let asked: URL[] = [];

  beforeEach(() => {
    asked = [];
    const tokens = { access: `x.${btoa(JSON.stringify({ exp: 4e9, iat: 0 }))}.x`, refresh: "x" };
    vi.stubGlobal("localStorage", { getItem: () => JSON.stringify(tokens) });
    vi.stubGlobal("fetch", (path: string) => {
      const url = new URL(path, "http://localhost");
      asked.push(url);
      const [limit, offset] = ["limit", "offset"].map((key) => Number(url.searchParams.get(key)));
      const results = Array.from({ length: limit ?? 0 }, (_, i) => {
        const last = 3 * (COUNT - (offset ?? 0) - i);
        return { seq: last, first_seq: last - 2 };
      });
      return Promise.resolve(Response.json({ count: COUNT, results }));
    });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  async function versions(): Promise<Versions> {
    const found = new Versions(1);
    await found.refresh();
    return found;
  }

  it("are fetched a page at a time, each once, when they are looked at", async () => {
    const found = await versions();
    expect(found.count).toBe(COUNT);
    await Promise.all([found.need(4010, 4020), found.need(4015, 4030), found.need(4012, 4012)]);
    expect(asked.length).toBe(2);
    expect(found.at(4012)?.seq).toBe(3 * 4013);
    await found.need(4000, 4049);
    expect(asked.length).toBe(2);
    await found.need(4049, 4050);
    expect(asked.length).toBe(3);
  });

  it("are searched by halves", async () => {
    const found = await versions();
    expect(await found.find(3 * 1234 + 2)).toBe(1234);
    expect(found.at(1234)?.first_seq).toBe(3 * 1234 + 1);
    expect(asked.length).toBeLessThan(16);
    expect(await found.find(3 * COUNT + 1)).toBe(null);
  });
});
