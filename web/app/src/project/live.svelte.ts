// One project, live: its fields, its people, its canvases and what is done with them.
import { SvelteMap } from "svelte/reactivity";
import {
  type Canvas,
  connect,
  type Problem,
  type Project,
  type ProjectState,
  type Rights,
  WorkroomError,
} from "workroom-client";
import type { Change } from "workroom-client/change";

import { accessToken, rest } from "../session/rest.js";
import { expelled, keepForLater } from "../session/session.svelte.js";
import { SharedField } from "./field.js";
import { ended, listed, progressed, started, type TaskRow, type Tasks } from "./tasks.js";
import { refusal, sentence } from "./words.js";

export type Phase = "opening" | "offline" | "sending" | "sent" | "stored" | "refused" | "lost";
export type FieldName = "title" | "description";

/** Milliseconds from the last key to the save. */
const SAVE_AFTER = 400;
/** Tasks that are asked for at once, and how many times at most. */
const PAGE = 100;
const MOST_PAGES = 5;
/** Milliseconds after which types of task are asked for again, if they could not be had. */
const AGAIN = 5000;

/** What a field held that was not saved. */
export interface Lost {
  readonly name: FieldName;
  readonly words: string;
}

interface Page<Row> {
  readonly count: number;
  readonly results: readonly Row[];
}

export interface TaskType {
  readonly task_type: string;
  readonly kinds: readonly string[];
}

/** Takes changes into what is shown. */
type Show = (change: Change, draft: string) => void;

const NAMES = ["title", "description"] as const;

const mayEdit = (rights: Rights | null): boolean => rights === "edit" || rights === "owner";

export class LiveProject {
  state: ProjectState;
  closed = $state<Problem | null>(null);
  canvases = new SvelteMap<number, Canvas>();
  tasks = $state.raw<Tasks>(new Map());
  types = $state.raw<readonly TaskType[]>([]);
  /** What is shown of the texts; an editor that is open gets changes by `Show`. */
  texts = $state<Record<FieldName, string>>({ title: "", description: "" });
  status = $state<"active" | "archived">("active");
  /** What was typed and is not saved, each time that the right to edit ended: to be copied. */
  lost = $state.raw<readonly Lost[]>([]);
  /** Why a field was not saved. */
  problems = $state<Partial<Record<FieldName, string>>>({});
  private pendings = $state<Record<FieldName, boolean>>({ title: false, description: false });
  private sents = $state(0);
  private everLive = $state(false);

  readonly pending = $derived(this.pendings.title || this.pendings.description || this.sents > 0);
  readonly phase: Phase = $derived.by(() => {
    if (this.state.phase !== "live") return this.everLive ? "offline" : "opening";
    if (this.lost.length && !this.mayEdit) return "lost";
    if (Object.keys(this.problems).length) return "refused";
    if (!this.pending) return "stored";
    return this.sents ? "sent" : "sending";
  });

  private readonly workroom;
  private readonly project: Project;
  private readonly fields = { title: new SharedField(), description: new SharedField() };
  private readonly shows: Partial<Record<FieldName, Show>> = {};
  private readonly timers: Partial<Record<FieldName, ReturnType<typeof setTimeout>>> = {};
  /** How often the right to edit has ended: answers to what was sent before are of no use. */
  private round = 0;
  private readonly endings: (() => void)[] = [];
  private again: ReturnType<typeof setTimeout> | undefined;
  private gone = false;

  constructor(readonly id: number) {
    this.workroom = connect({ url: location.origin, token: accessToken });
    this.project = this.workroom.project(id);
    this.state = $state.raw(this.project.state);
    this.follow();
    const leave = (event: BeforeUnloadEvent): void => {
      if (this.unsaved) event.preventDefault();
    };
    addEventListener("beforeunload", leave);
    this.endings.push(
      () => {
        clearTimeout(this.again);
        removeEventListener("beforeunload", leave);
      },
      keepForLater(() => this.unsaved),
    );
  }

  get mayEdit(): boolean {
    return mayEdit(this.state.rights);
  }

  get isOwner(): boolean {
    return this.state.rights === "owner";
  }

  private get unsaved(): boolean {
    return this.pending || this.lost.length > 0;
  }

  close(): void {
    this.gone = true;
    for (const end of this.endings) end();
    for (const timer of Object.values(this.timers)) clearTimeout(timer);
    this.workroom.close();
  }

  /** Whether nothing is lost by leaving, or the person means it. */
  async mayLeave(): Promise<boolean> {
    this.flush();
    const until = Date.now() + 2500;
    while (this.pending && this.phase !== "offline" && this.phase !== "refused") {
      if (Date.now() > until) break;
      await new Promise((done) => setTimeout(done, 50));
    }
    return !this.unsaved || confirm("Your last changes are not saved yet. Leave, and lose them?");
  }

  // ---- fields

  /** Have changes of others shown by `show`, until what is returned is called. */
  edit(name: FieldName, show: Show): () => void {
    this.shows[name] = show;
    return () => {
      if (this.shows[name] === show) Reflect.deleteProperty(this.shows, name);
    };
  }

  typed(name: FieldName, value: string): void {
    this.fields[name].typed(value);
    Reflect.deleteProperty(this.problems, name);
    this.changed(name);
  }

  composing(name: FieldName, on: boolean): void {
    this.take(name, this.fields[name].composing(on));
  }

  /** Save now what was typed. */
  flush(): void {
    for (const name of NAMES) this.save(name);
  }

  /** Nobody may edit here any more: what is not stored is kept to be copied. */
  private giveUp(): void {
    this.round++;
    this.problems = {};
    for (const name of NAMES) {
      const field = this.fields[name];
      const words = field.draft;
      if (field.pending && words.trim()) this.lost = [...this.lost, { name, words }];
      this.take(name, field.giveUp());
    }
  }

  async setStatus(status: "active" | "archived"): Promise<void> {
    this.sents++;
    try {
      await this.project.request("update_project", { data: { status } });
    } finally {
      this.sents--;
    }
  }

  private changed(name: FieldName): void {
    const field = this.fields[name];
    this.texts[name] = field.draft;
    this.pendings[name] = field.pending;
    clearTimeout(this.timers[name]);
    // It was stored, though nobody had said so.
    const stored = (each: Lost): boolean => each.name === name && each.words === field.draft;
    if (this.lost.some(stored)) this.lost = this.lost.filter((each) => !stored(each));
    if (!field.pending) {
      Reflect.deleteProperty(this.problems, name);
      return;
    }
    this.timers[name] = setTimeout(() => {
      this.save(name);
    }, SAVE_AFTER);
  }

  private take(name: FieldName, change: Change): void {
    const field = this.fields[name];
    if (change.length) this.shows[name]?.(change, field.draft);
    this.changed(name);
  }

  private save(name: FieldName): void {
    const field = this.fields[name];
    if (name === "title" && !field.draft.trim() && field.pending) {
      this.problems.title = "A project needs a title. What it was called before is still stored.";
      return;
    }
    const save = this.mayEdit ? field.save() : null;
    if (!save) return;
    clearTimeout(this.timers[name]);
    const { round } = this;
    this.sents++;
    this.project
      .request("update_project", {
        data: { [name]: save.value },
        expected: { [name]: save.expected },
      })
      .then(
        ({ seq }) => {
          if (round === this.round) this.take(name, field.stored(seq ?? 0));
        },
        (error: unknown) => {
          if (round !== this.round) return;
          const refused = error instanceof WorkroomError && error.code !== "conflict";
          if (refused) this.problems[name] = sentence(error.message.replace(/^\S*payload\S* /, ""));
          this.take(name, field.failed(refused));
        },
      )
      .finally(() => this.sents--);
  }

  // ---- tasks

  /** What can be begun, as soon as that can be had. Never fails. */
  private async listTypes(): Promise<void> {
    clearTimeout(this.again);
    try {
      this.types = (await rest<Page<TaskType>>("/api/task-types/?limit=100")).results;
    } catch {
      if (!this.gone && this.state.phase === "live")
        this.again = setTimeout(() => void this.listTypes(), AGAIN);
    }
  }

  /** The id of what was begun. Throws Refused. */
  async start(canvas: number, task_type: string): Promise<string> {
    const row = await rest<TaskRow>(`/api/canvases/${canvas}/tasks/`, "POST", { task_type });
    this.tasks = started(this.tasks, row);
    return row.task_id;
  }

  /** Throws WorkroomError. */
  async cancel(task_id: string): Promise<void> {
    await this.project.request("cancel_task", { task_id });
  }

  /** Throws Refused. */
  async remove(canvas: number): Promise<void> {
    await rest(`/api/canvases/${canvas}/`, "DELETE");
    this.canvases.delete(canvas);
  }

  /** The newest, until there is one of each canvas. */
  private async listTasks(): Promise<void> {
    for (let page = 0; page < MOST_PAGES; page++) {
      const path = `/api/projects/${this.id}/tasks/?limit=${PAGE}&offset=${page * PAGE}`;
      const { count, results } = await rest<Page<TaskRow>>(path);
      this.tasks = listed(this.tasks, results);
      const seen = new Set([...this.tasks.values()].map(({ canvas_id }) => canvas_id));
      const complete = [...this.canvases.keys()].every((id) => seen.has(id));
      if (complete || count <= (page + 1) * PAGE) return;
    }
  }

  private async lookAt(task_id: string): Promise<void> {
    this.tasks = listed(this.tasks, [await rest<TaskRow>(`/api/tasks/${task_id}/`)]);
  }

  // ---- what comes

  private follow(): void {
    const { project } = this;
    project.on("change", (state) => {
      this.heard(state);
    });
    project.on("closed", (problem) => {
      this.giveUp();
      this.closed = { ...problem, message: refusal(problem.code, problem.message) };
      if (problem.code === "authentication_failed" || problem.code === "no_token") expelled();
    });
    project.on("project_updated", ({ changes, seq }) => {
      const { title, description, status } = changes;
      if (title !== undefined) this.take("title", this.fields.title.heard(title, seq));
      if (description !== undefined) {
        this.take("description", this.fields.description.heard(description, seq));
      }
      if (status !== undefined) this.status = status;
    });
    project.on("canvas_added", ({ canvas }) => this.canvases.set(canvas.id, canvas));
    project.on("canvas_removed", ({ canvas_id }) => this.canvases.delete(canvas_id));
    project.on("task_started", (task) => (this.tasks = started(this.tasks, task)));
    project.on("task_progress", (bar) => {
      const tasks = progressed(this.tasks, bar);
      if (tasks) this.tasks = tasks;
      else void this.lookAt(bar.task_id).catch(() => undefined);
    });
    project.on("task_completed", (task) => (this.tasks = ended(this.tasks, task)));
  }

  private heard(state: ProjectState): void {
    const before = this.state;
    this.state = state;
    const { subscribed, phase } = state;
    if (mayEdit(before.rights) && !mayEdit(state.rights)) this.giveUp();
    if (subscribed && subscribed !== before.subscribed && !subscribed.recovered) {
      // All of it is told from the beginning.
      this.canvases.clear();
    }
    if (phase !== "live" || before.phase === "live") return;
    this.everLive = true;
    // Each time: a server that was begun anew may know others.
    void this.listTypes();
    if (subscribed && !subscribed.recovered) void this.listTasks().catch(() => undefined);
    this.flush();
  }
}
