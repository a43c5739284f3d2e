// A server of essays that keeps the promises of the protocol's reference, as small as it can be:
// numbered durable events, saves merged by `base_seq`, requests done once, texts held back from who
// types, catching up by `since`. What it knows of connections dies with the process; the log stays.
import { apply, diff, rebase } from "../../src/change.js";

type Message = Readonly<Record<string, unknown>>;

export interface Outlet {
  send(message: Message): void;
  close(code: number): void;
}

interface Connection {
  readonly user: number;
  readonly outlet: Outlet;
  /** The text that this client last saved, from which version, and as which. */
  own: { text: string; root: number; seq: number } | null;
  savedAt: number;
  owed: boolean;
}

interface Entry {
  readonly seq: number;
  readonly text: string;
  /** The comment that the entry is about; null for an edit. */
  readonly comment: string | null;
}

const QUIET = 700;
const CONFIRM_AFTER = 3000;

export class Server {
  readonly log: Entry[] = [{ seq: 1, text: "", comment: null }];
  /** How often each request was carried out. */
  readonly done = new Map<string, number>();
  private readonly answers = new Map<string, Message>();
  private connections = new Set<Connection>();

  constructor(
    private readonly now: () => number,
    private readonly backlog: number,
  ) {}

  get head(): Entry {
    return last(this.log);
  }

  /** The process dies: what it held in memory is gone, and every connection breaks. */
  kill(): void {
    const gone = this.connections;
    this.connections = new Set();
    for (const { outlet } of gone) outlet.close(1006);
  }

  open(user: number, outlet: Outlet): Connection {
    const connection: Connection = { user, outlet, own: null, savedAt: -Infinity, owed: false };
    const first = !this.isHere(user);
    this.connections.add(connection);
    if (first) this.tell({ type: "user_joined", essay_id: 1, user: person(user), timestamp: "" });
    return connection;
  }

  leave(connection: Connection): void {
    const { user } = connection;
    if (!this.connections.delete(connection) || this.isHere(user)) return;
    this.tell({ type: "user_left", essay_id: 1, user_id: user, timestamp: "" });
  }

  private isHere(user: number): boolean {
    return [...this.connections].some((each) => each.user === user);
  }

  /** Sends something to everybody. */
  tell(message: Message): void {
    for (const { outlet } of this.connections) outlet.send(message);
  }

  /** Tells those who wait for the text, and whose time it is. */
  tick(): void {
    for (const each of this.connections) {
      const wait = each.own?.text === this.head.text ? CONFIRM_AFTER : QUIET;
      if (each.owed && this.now() - each.savedAt >= wait) this.tellText(each);
    }
  }

  receive(connection: Connection, message: Message): void {
    if (!this.connections.has(connection)) return;
    const { action, request_id: id } = message as { action: string; request_id: string };
    const known = this.answers.get(`${connection.user}:${id}`);
    if (known) {
      connection.outlet.send(known);
      return;
    }
    switch (action) {
      case "subscribe_essay":
        this.subscribe(connection, message["since"] as number);
        connection.outlet.send(this.ack(id));
        break;
      case "update_essay":
        this.save(connection, message, id);
        break;
      case "add_feedback":
        this.comment(connection, message["feedback"] as Message, id);
        break;
      case "refresh_token":
        connection.outlet.send({ type: "ack", request_id: id });
    }
  }

  private ack(id: string): Message {
    return { type: "ack", request_id: id, essay_id: 1, seq: this.head.seq };
  }

  private answer(connection: Connection, id: string): void {
    const answer = this.ack(id);
    this.answers.set(`${connection.user}:${id}`, answer);
    this.done.set(id, (this.done.get(id) ?? 0) + 1);
    connection.outlet.send(answer);
  }

  private subscribe(connection: Connection, since: number): void {
    const { outlet } = connection;
    const recovered = since <= this.head.seq && since >= this.head.seq - this.backlog;
    outlet.send({ type: "subscribed", essay_id: 1, seq: this.head.seq, recovered, rights: "edit" });
    const missed = this.log.filter(({ seq }) => !recovered || seq > since);
    const edit = missed.filter(({ comment }) => comment === null).at(-1);
    for (const entry of missed) {
      if (entry === edit) outlet.send(this.shown(recovered ? entry.seq : this.head.seq));
      if (entry.comment !== null) outlet.send(feedback(entry));
    }
    for (const user of new Set([...this.connections].map((each) => each.user))) {
      outlet.send({ type: "user_joined", essay_id: 1, user: person(user), timestamp: "" });
    }
    connection.owed = false;
  }

  /** The latest text, under this number. */
  private shown(seq: number): Message {
    return {
      type: "essay_update",
      essay_id: 1,
      content: this.head.text,
      word_count: 0,
      updated_by: person(0),
      timestamp: "",
      seq,
    };
  }

  private save(connection: Connection, message: Message, id: string): void {
    const { content, base_seq: base } = message as { content: string; base_seq: number };
    if (base > this.head.seq) {
      connection.outlet.send({
        type: "error",
        error: "conflict",
        message: "there is no such version",
        request_id: id,
        retry: "never",
      });
      return;
    }
    const { own } = connection;
    const from = own?.root === base ? own.text : this.textAt(base);
    const mine = diff(from, content);
    const text = apply(this.head.text, rebase(mine, diff(from, this.head.text)));
    const changed = text !== this.head.text;
    if (changed) this.log.push({ seq: this.head.seq + 1, text, comment: null });
    connection.own = { text: content, root: base, seq: this.head.seq };
    connection.savedAt = this.now();
    connection.owed = true;
    this.answer(connection, id);
    if (!changed) return;
    for (const each of this.connections) {
      if (each === connection) continue;
      if (this.now() - each.savedAt < QUIET) each.owed = true;
      else this.tellText(each);
    }
  }

  private textAt(seq: number): string {
    return last(this.log.filter((entry) => entry.seq <= seq)).text;
  }

  private comment(connection: Connection, draft: Message, id: string): void {
    const comment = draft["comment"] as string;
    this.log.push({ seq: this.head.seq + 1, text: this.head.text, comment });
    this.answer(connection, id);
    this.tell(feedback(this.head));
  }

  private tellText(connection: Connection): void {
    connection.owed = false;
    connection.outlet.send(this.shown(this.head.seq));
  }
}

function person(id: number): Message {
  return { id, name: `user ${id}`, role: "student", avatar_url: "" };
}

function feedback({ seq, comment }: Entry): Message {
  const item = { id: seq, type: "general", comment, highlight_start: null, highlight_end: null };
  return { type: "new_feedback", essay_id: 1, feedback: item, seq };
}

function last(entries: readonly Entry[]): Entry {
  const entry = entries.at(-1);
  if (!entry) throw new RangeError("the log begins with an entry");
  return entry;
}
