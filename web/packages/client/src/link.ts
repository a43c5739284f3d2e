// Carries out what the pure parts decide, for one connection and its rooms: sockets and timers.
import {
  type ConnectionEffect,
  type ConnectionInput,
  type ConnectionState,
  NEW,
  step,
} from "./connection.js";
import type { Dialect, Json } from "./dialects/dialect.js";
import { CLOSED } from "./errors.js";
import { Machine } from "./machine.js";
import type { RoomInput } from "./room.js";

/** What is needed of a `WebSocket`: that of the browser, or of the `ws` package. */
export interface Socket {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number): void;
}

export type SocketClass = new (url: string, protocols: string[]) => Socket;

export interface Options {
  /** Where Workroom is, as `https://workroom.example.org`. */
  readonly url: string;
  /**
   * The access token, or a function that gives one: it is called at first, before a token ends, and
   * when one was refused. With a token alone, the connection ends when the token does.
   */
  readonly token: string | (() => string | Promise<string>);
  /** The class of sockets, where `WebSocket` is not there by itself (Node before 22). */
  readonly WebSocket?: SocketClass;
  /** Gives numbers from 0 to 1; `Math.random` unless given. */
  readonly random?: () => number;
}

/** Takes what a link has to tell to a room. */
export type Member = (input: RoomInput) => void;

export class Link extends Machine<ConnectionState, ConnectionInput, ConnectionEffect, object> {
  private readonly rooms = new Map<number, Member>();
  /** The bytes of what was sent over this socket and has no answer, by its `request_id`. */
  private readonly sizes = new Map<string, number>();
  private readonly address: URL;
  private readonly random: () => number;
  private socket: Socket | null = null;

  constructor(
    readonly dialect: Dialect,
    path: string,
    private readonly options: Options,
    private readonly moved: () => void,
  ) {
    super(NEW, (state, input) => step(state, input, this.random()));
    this.random = options.random ?? Math.random;
    this.address = new URL(path, options.url);
    this.address.protocol = this.address.protocol.replace("http", "ws");
  }

  input(input: ConnectionInput): void {
    this.put(input);
  }

  /** A room comes in; it is told when it may join. */
  add(room: number, member: Member): void {
    this.rooms.set(room, member);
    if (this.state.phase === "open") member({ type: "up" });
    else this.input({ type: "start" });
  }

  /** A room goes; the last one takes the connection along. */
  remove(room: number): void {
    if (!this.rooms.delete(room)) return;
    if (this.rooms.size) this.send(this.dialect.leave(room));
    else this.close();
  }

  send(message: Json): void {
    if (this.state.phase !== "open") return;
    const text = JSON.stringify(message);
    this.sizes.set(message["request_id"] as string, new Blob([text]).size);
    this.socket?.send(text);
    this.input({ type: "sent" });
  }

  close(): void {
    this.drop();
    this.clearTimers();
    this.current = NEW;
    this.tell({ type: "close", problem: CLOSED });
    this.moved();
  }

  tell(input: RoomInput): void {
    for (const room of [...this.rooms.values()]) room(input);
  }

  protected changed(before: ConnectionState): void {
    if (this.state.phase !== before.phase) this.moved();
  }

  protected act(effect: ConnectionEffect): void {
    switch (effect.do) {
      case "ask_token":
        void this.askToken();
        break;
      case "open":
        this.open(effect.token);
        break;
      case "drop":
        this.drop();
        break;
      case "refresh":
        this.send(this.dialect.refresh(effect.token));
        break;
      case "timer":
        this.timer(effect.input, effect.ms, { type: effect.input });
        break;
      case "up":
      case "down":
        this.tell({ type: effect.do });
        break;
      case "stopped":
        this.tell({ type: "close", problem: effect.problem });
    }
  }

  private async askToken(): Promise<void> {
    const { token } = this.options;
    let answer: ConnectionInput;
    try {
      answer = { type: "token", token: typeof token === "string" ? token : await token() };
    } catch {
      answer = { type: "no_token" };
    }
    this.input(answer);
  }

  private open(token: string): void {
    const { WebSocket = globalThis.WebSocket } = this.options;
    let socket;
    try {
      socket = new WebSocket(this.address.href, ["workroom.v1", `bearer.${token}`]);
    } catch {
      // No protocol can have such a name, so it is no token either.
      setTimeout(() => {
        this.input({ type: "closed", code: 4401, reason: "" });
      });
      return;
    }
    this.socket = socket;
    socket.onopen = () => {
      this.input({ type: "opened" });
    };
    socket.onmessage = ({ data }: { readonly data: unknown }) => {
      this.hear(String(data));
    };
    socket.onclose = ({ code, reason }: { readonly code: number; readonly reason: string }) => {
      this.drop();
      this.input({ type: "closed", code, reason });
    };
    // `ws` throws what nobody listens for. What is wrong, the close says.
    socket.onerror = () => undefined;
  }

  private hear(text: string): void {
    let message = this.dialect.read(text);
    if (!message) return;
    if (message.kind === "error" && !message.id && message.problem.code === "too_large") {
      // Not having been read, it is not named. But it is larger than all that were.
      const most = Math.max(...this.sizes.values());
      for (const [id, size] of this.sizes) if (size === most) message = { ...message, id };
    }
    if (message.kind !== "event") this.sizes.delete(message.id ?? "");
    this.input({ type: "message", message });
    this.tell({ type: "message", message, random: this.random() });
  }

  /** Nothing of the socket is heard any more. */
  private drop(): void {
    const { socket } = this;
    if (!socket) return;
    this.socket = null;
    this.sizes.clear();
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
