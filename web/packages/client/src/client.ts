// What programs use: a client, its essays and its projects.
import type { Json } from "./dialects/dialect.js";
import { essays } from "./dialects/essays.js";
import { projects } from "./dialects/projects.js";
import { Emitter } from "./emitter.js";
import { CLOSED, type Problem, WorkroomError } from "./errors.js";
import { type EssayInput, type EssayState, newEssay, type SaveState, saveState } from "./essay.js";
import { step as stepEssay } from "./essay.js";
import { Link, type Options } from "./link.js";
import { Machine } from "./machine.js";
import { newProject, type ProjectState, step as stepProject } from "./project.js";
import type {
  AckPayload,
  EssayAck,
  EssayExtendedClientMessage,
  EssayExtendedServerMessage,
  ProjectExtendedClientMessage,
  ProjectExtendedServerMessage,
} from "./protocol.gen.js";
import type { RoomEffect, RoomInput, RoomState } from "./room.js";
import { inField, type Selection } from "./text.js";

/** Answers, which `request` gives, and what the client sees to by itself. */
type Unseen =
  "ack" | "subscribed" | "token_expiring" | "error" | "connection_error" | "permission_denied";

export interface RoomEvents<State> {
  /** Something in `state` is another than before. */
  change: State;
  /** The room is not to be had any more: no right, deleted, or the connection was given up. */
  closed: Problem;
}

/** Every event of an essay, by its `type`, and those of every room. */
export type EssayEvents = {
  [M in EssayExtendedServerMessage as Exclude<M["type"], Unseen>]: M;
} & RoomEvents<EssayState>;

/** Every event of a project: the `payload`, by the `type`. */
export type ProjectEvents = {
  [M in ProjectExtendedServerMessage as Exclude<M["type"], Unseen>]: M["payload"];
} & RoomEvents<ProjectState>;

/** What can be asked of an essay, and with which keys. Its text is saved by `edit`. */
export type EssayRequests = {
  [
    M in EssayExtendedClientMessage as Exclude<
      M["action"],
      "subscribe_essay" | "unsubscribe_essay" | "update_essay" | "refresh_token"
    >
  ]: Omit<M, "action" | "essay_id" | "request_id">;
};

/** What can be asked of a project. */
export type ProjectRequests = {
  [
    M in ProjectExtendedClientMessage as Exclude<
      M["type"],
      "join_project" | "leave_project" | "refresh_token"
    >
  ]: Omit<M["payload"], "project_id" | "request_id">;
};

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: WorkroomError): void;
}

abstract class Room<
  State extends RoomState<unknown>,
  Input,
  Events extends RoomEvents<State>,
> extends Machine<State, Input | RoomInput, RoomEffect, Events> {
  private readonly waiting = new Map<string, Waiting>();
  private count = 0;

  protected constructor(
    readonly id: number,
    private readonly link: Link,
    state: State,
    step: (state: State, input: Input | RoomInput) => [State, RoomEffect[]],
  ) {
    super(state, step);
    link.add(id, (input) => {
      this.put(input);
    });
  }

  /** Stop following. What was asked and not answered is refused with `closed`. */
  close(): void {
    this.put({ type: "close", problem: CLOSED });
  }

  protected ask(action: string, body: Json): Promise<unknown> {
    const id = `${this.current.prefix}.r${this.count++}`;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.put({ type: "request", id, action, body });
    });
  }

  protected changed(): void {
    this.emit("change", this.state);
  }

  protected act(effect: RoomEffect): void {
    switch (effect.do) {
      case "send":
        this.link.send(effect.message);
        break;
      case "event":
        // The type of an event says what its body is: both are made from the server's schema.
        this.emit(effect.type as keyof Events, effect.body as Events[keyof Events]);
        break;
      case "answer":
        this.answered(effect.id, effect.answer);
        break;
      case "timer":
        this.timer(effect.name, effect.ms, { type: "timer", name: effect.name });
        break;
      case "closed":
        this.clearTimers();
        this.link.remove(this.id);
        this.emit("closed", effect.problem);
    }
  }

  private answered(id: string, answer: Json | Problem): void {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if ("code" in answer) waiting?.reject(new WorkroomError(answer as Problem));
    else waiting?.resolve(answer);
  }
}

/** One essay, followed live. */
export class Essay extends Room<EssayState, EssayInput, EssayEvents> {
  constructor(id: number, link: Link, prefix: string) {
    super(id, link, newEssay(id, prefix), stepEssay);
  }

  /** The text as it is to be shown: what was typed here, with what came from others. */
  get text(): string {
    return this.state.text.field;
  }

  /** The number of the server's text that `text` comes from (`base_seq`); null before the first. */
  get base(): number | null {
    return this.state.text.base?.seq ?? null;
  }

  /** Whether the text is safe. */
  get saved(): SaveState {
    return saveState(this.state);
  }

  /** The person made this text of it. It is saved soon. */
  edit(text: string, selection: Selection | null = null): void {
    this.put({ type: "edit", text, selection });
  }

  /** An input method is composing: leave the text alone. */
  compose(on: boolean): void {
    this.put({ type: "composing", on });
  }

  /** Save now. */
  flush(): void {
    this.put({ type: "timer", name: "save" });
  }

  /** Where a range of the server's text (a highlight, a caret) is in `text`. */
  inText(start: number, end = start): Selection {
    return inField(this.state.text, start, end);
  }

  /**
   * Have something done; `highlight_start` and `highlight_end` are offsets in `text`.
   * Rejects with a `WorkroomError`.
   */
  request<A extends keyof EssayRequests>(action: A, body: EssayRequests[A]): Promise<EssayAck> {
    return this.ask(action, body) as Promise<EssayAck>;
  }
}

/** One project, followed live. */
export class Project extends Room<ProjectState, never, ProjectEvents> {
  constructor(id: number, link: Link, prefix: string) {
    super(id, link, newProject(id, prefix), stepProject);
  }

  /** Have something done. Rejects with a `WorkroomError`. */
  request<A extends keyof ProjectRequests>(
    action: A,
    body: ProjectRequests[A],
  ): Promise<AckPayload> {
    return this.ask(action, body) as Promise<AckPayload>;
  }
}

/** `offline` while a connection that is wanted is not there. */
export type Status = "idle" | "connecting" | "online" | "offline";

/** All essays and projects of one user. */
export class Workroom extends Emitter<{ status: Status }> {
  /** The beginning of every `request_id` of this client; nobody else makes up the same. */
  private readonly prefix = crypto.getRandomValues(new Uint32Array(3)).join("");
  private readonly links = new Set<Link>();
  private readonly forget: () => void;
  private readonly shared: Link;
  private last: Status = "idle";
  private count = 0;

  constructor(private readonly options: Options) {
    super();
    this.shared = this.link(projects, 0);
    this.forget = watchPage((hint) => {
      for (const link of this.links) {
        if (hint === "hidden") link.tell({ type: "timer", name: "save" });
        else link.input({ type: hint });
      }
    });
  }

  /** Follow an essay. Each has a connection of its own. */
  essay(id: number): Essay {
    const link = this.link(essays, id);
    const essay = new Essay(id, link, this.newPrefix());
    essay.on("closed", () => {
      this.links.delete(link);
    });
    return essay;
  }

  /** Follow a project. All share one connection. */
  project(id: number): Project {
    return new Project(id, this.shared, this.newPrefix());
  }

  get status(): Status {
    const phases = [...this.links].map(({ state }) => state.phase);
    const wanted = phases.filter((phase) => phase !== "idle");
    if (!wanted.length) return "idle";
    if (wanted.includes("waiting")) return "offline";
    return wanted.every((phase) => phase === "open") ? "online" : "connecting";
  }

  /** Close everything. */
  close(): void {
    this.forget();
    for (const link of this.links) link.close();
  }

  private link(dialect: typeof essays, room: number): Link {
    const link = new Link(dialect, dialect.path(room), this.options, () => {
      if (this.status !== this.last) this.emit("status", (this.last = this.status));
    });
    this.links.add(link);
    return link;
  }

  /** Each room makes up `request_id`s of its own; none is ever made twice. */
  private newPrefix(): string {
    return `${this.prefix}.${this.count++}`;
  }
}

/** Start a client. Nothing is connected before the first essay or project is asked for. */
export function connect(options: Options): Workroom {
  return new Workroom(options);
}

type Hint = "online" | "offline" | "shown" | "hidden";

/** Passes on what the browser says of the network and the page; elsewhere nothing is said. */
function watchPage(say: (hint: Hint) => void): () => void {
  if (typeof document === "undefined") return () => undefined;
  const names = ["online", "offline", "visibilitychange"];
  const heard = ({ type }: Event): void => {
    const looked = document.hidden ? "hidden" : "shown";
    say(type === "visibilitychange" ? looked : (type as Hint));
  };
  for (const name of names) addEventListener(name, heard);
  return () => {
    for (const name of names) removeEventListener(name, heard);
  };
}
