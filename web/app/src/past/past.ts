// An essay as it stood after one of its versions, and what can be said of that.
import type { Feedback, Person } from "workroom-client";

import { rest } from "../session/rest.js";
import type { Version } from "./versions.svelte.js";

/** `deleted` stood where `start` to `end` is now. */
export interface Place {
  readonly start: number;
  readonly end: number;
  readonly deleted: string;
}

/** A part of the text that one person wrote. */
export interface Range {
  readonly start: number;
  readonly end: number;
  readonly author_id: number;
}

interface Revision extends Version {
  readonly title: string;
  readonly content: string;
  readonly word_count: number;
  readonly changes: readonly Place[];
  readonly feedback: readonly Feedback[];
}

interface Attribution {
  readonly authors: readonly Person[];
  readonly ranges: readonly Range[];
}

export interface Past extends Revision, Attribution {}

/** Versions that are kept when others are looked at. */
const KEPT = 60;

/** Fetches versions of one essay, and keeps those that were looked at lately. */
export class Shelf {
  private readonly kept = new Map<string, Promise<Past>>();

  constructor(private readonly essay: number) {}

  /** The essay after revision `seq`, and how it differs from revision `since`. Throws Refused. */
  get(seq: number, since: number): Promise<Past> {
    const key = `${seq} ${since}`;
    const found = this.kept.get(key) ?? this.fetch(seq, since);
    this.kept.delete(key);
    this.kept.set(key, found);
    found.catch(() => this.kept.delete(key));
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= KEPT) break;
      this.kept.delete(oldest);
    }
    return found;
  }

  private async fetch(seq: number, since: number): Promise<Past> {
    const path = `/api/essays/${this.essay}`;
    const [revision, attribution] = await Promise.all([
      rest<Revision>(`${path}/revisions/${seq}/?since=${since}`),
      rest<Attribution>(`${path}/attribution/?seq=${seq}`),
    ]);
    return { ...revision, authors: attribution.authors, ranges: attribution.ranges };
  }
}

const WORD = /\S+/gu;

/** How many words came and went: those that a change begins or ends in count as changed. */
export function wordsChanged(
  content: string,
  changes: readonly Place[],
): { readonly added: number; readonly removed: number } {
  let [added, removed] = [0, 0];
  for (const { start, end, deleted } of changes) {
    added += content.slice(start, end).match(WORD)?.length ?? 0;
    removed += deleted.match(WORD)?.length ?? 0;
  }
  return { added, removed };
}

export interface Share {
  readonly person: Person;
  /** One of eight, and as long as there are no more people, one for each. */
  readonly colour: number;
  /** How much of the text they wrote, in whole percents. */
  readonly percent: number;
}

/** Who wrote how much, the most first. */
export function shares({ authors, ranges }: Attribution): Share[] {
  const letters = new Map<number, number>();
  let all = 0;
  for (const { start, end, author_id } of ranges) {
    letters.set(author_id, (letters.get(author_id) ?? 0) + end - start);
    all += end - start;
  }
  const used = new Set<number>();
  const coloured = [...authors]
    .sort((one, two) => one.id - two.id)
    .map((person) => {
      let colour = person.id % 8;
      for (let i = 0; i < 8 && used.has(colour); i++) colour = (colour + 1) % 8;
      used.add(colour);
      const percent = Math.round((100 * (letters.get(person.id) ?? 0)) / (all || 1));
      return { person, colour, percent };
    });
  return coloured.sort((one, two) => two.percent - one.percent);
}

const KINDS: Readonly<Record<string, string>> = {
  essay_created: "began the essay",
  feedback_added: "commented",
  feedback_changed: "went on with a comment",
  feedback_deleted: "deleted a comment",
  right_set: "changed access",
  revision_named: "named a version",
};
const FIELDS: Readonly<Record<string, string>> = {
  title: "the title",
  prompt: "the task",
  word_limit: "the word limit",
};

/** What somebody did, as the rest of a sentence that begins with their name. */
export function deed({ kind, restores, fields }: Version): string {
  if (restores !== null) return "restored an earlier version";
  if (kind === "text_edited") return "wrote";
  if (kind === "essay_changed") {
    return `changed ${fields.map((field) => FIELDS[field] ?? field).join(", ")}`;
  }
  return KINDS[kind] ?? "changed something";
}
