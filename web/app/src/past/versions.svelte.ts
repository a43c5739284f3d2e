// The list of an essay's versions: groups of revisions, numbered from the first one, which is 0.
// However many there are, only the pages that are looked at are fetched, and each of them once.
import type { Person } from "workroom-client";

import { rest } from "../session/rest.js";

export interface Version {
  readonly seq: number;
  readonly first_seq: number;
  readonly kind: string;
  readonly author: Person;
  readonly began_at: string;
  readonly at: string;
  readonly added: number;
  readonly removed: number;
  readonly restores: number | null;
  readonly fields: readonly string[];
  readonly names: readonly { readonly seq: number; readonly name: string }[];
}

interface Page {
  readonly count: number;
  readonly results: readonly Version[];
}

export const PAGE = 50;

/** Where a page is asked for that has version `index`: `offset` counts from the last one. */
export function pageOf(index: number, count: number): { offset: number; limit: number } {
  const first = index - (index % PAGE);
  const last = Math.min(first + PAGE, count) - 1;
  return { offset: count - 1 - last, limit: last - first + 1 };
}

/** The number of each version in an answer, also when there are more than there were. */
export function numbered(offset: number, { count, results }: Page): [number, Version][] {
  return results.map((version, i) => [count - 1 - offset - i, version]);
}

export class Versions {
  count = $state(0);
  problem = $state("");
  private known = $state.raw<ReadonlyMap<number, Version>>(new Map());
  private readonly asked = new Map<number, Promise<void>>();

  constructor(private readonly essay: number) {}

  /** A version; undefined while it is not here. */
  at(index: number): Version | undefined {
    return this.known.get(index);
  }

  /** What is new at the end. */
  async refresh(): Promise<void> {
    await this.fetch(0, PAGE);
  }

  /** Have the versions from `first` to `last`. Never fails: `problem` says what is wrong. */
  async need(first: number, last: number): Promise<void> {
    const missing = new Set<number>();
    for (let i = Math.max(0, first); i <= Math.min(last, this.count - 1); i++) {
      if (!this.known.has(i)) missing.add(i - (i % PAGE));
    }
    await Promise.all([...missing].map((start) => this.page(start)));
  }

  /** The version that a revision belongs to. */
  async find(seq: number): Promise<number | null> {
    let [low, high] = [0, this.count - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      await this.need(middle, middle);
      const version = this.at(middle);
      if (!version) return null;
      if (seq < version.first_seq) high = middle - 1;
      else if (seq > version.seq) low = middle + 1;
      else return middle;
    }
    return null;
  }

  /** Ask again for a version of which something has changed. */
  async again(index: number): Promise<void> {
    const { offset, limit } = pageOf(index, this.count);
    await this.fetch(offset, limit);
  }

  private page(start: number): Promise<void> {
    const going = this.asked.get(start);
    if (going) return going;
    const { offset, limit } = pageOf(start, this.count);
    const asked = this.fetch(offset, limit).finally(() => this.asked.delete(start));
    this.asked.set(start, asked);
    return asked;
  }

  private async fetch(offset: number, limit: number): Promise<void> {
    const address = `/api/essays/${this.essay}/revisions/?grouped=1&limit=${limit}&offset=${offset}`;
    try {
      const page = await rest<Page>(address);
      this.known = new Map([...this.known, ...numbered(offset, page)]);
      this.count = Math.max(this.count, page.count);
      this.problem = "";
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }
}
