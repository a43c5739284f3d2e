// Sockets between clients and the server, with delays, breaks, and a server that is away at times.
// In each direction of a connection the order is kept; across connections it is not: what a client
// sent before a break may arrive after its next connection was opened.
import type { Socket, SocketClass } from "../../src/link.js";
import { whole } from "../random.js";
import type { Server } from "./server.js";

type Handler<Event> = ((event: Event) => void) | null;

export class Network {
  /** Whether connections can be opened. */
  up = true;
  private readonly sockets = new Set<FakeSocket>();

  constructor(
    readonly server: Server,
    readonly random: () => number,
    /** The longest time that a message takes, in milliseconds. */
    readonly slowest: number,
  ) {}

  /** The class of sockets of one user. */
  socketsOf(user: number): SocketClass {
    const make = (): FakeSocket => new FakeSocket(this, user);
    // What `new` is called on may give another object than `this`.
    return function open() {
      return make();
    } as unknown as SocketClass;
  }

  opened(socket: FakeSocket): void {
    this.sockets.add(socket);
  }

  /** One connection breaks; the two ends notice at times of their own, or in order. */
  breakOne(): void {
    const all = [...this.sockets];
    const socket = all[whole(this.random, all.length)];
    if (!socket) return;
    this.sockets.delete(socket);
    socket.break();
  }

  kill(): void {
    this.sockets.clear();
    this.server.kill();
  }

  delay(): number {
    return 1 + whole(this.random, this.slowest);
  }
}

class FakeSocket implements Socket {
  onopen: Handler<never> = null;
  onmessage: Handler<never> = null;
  onclose: Handler<never> = null;
  onerror: Handler<never> = null;
  private connection: ReturnType<Server["open"]> | null = null;
  private clientEnded = false;
  private serverEnded = false;
  private heldUntil = 0;
  private arrives = { client: 0, server: 0 };

  constructor(
    private readonly network: Network,
    user: number,
  ) {
    setTimeout(() => {
      if (this.clientEnded) return;
      if (!network.up) {
        this.closed(1006);
        return;
      }
      this.connection = network.server.open(user, {
        send: (message) => {
          this.toClient(() => {
            this.tell(this.onmessage, { data: JSON.stringify(message) });
          });
        },
        close: (code) => {
          this.serverEnded = true;
          this.toClient(() => {
            this.closed(code);
          });
        },
      });
      network.opened(this);
      this.tell(this.onopen, {});
    }, network.delay());
  }

  send(data: string): void {
    const arrive = (): void => {
      if (!this.connection || this.serverEnded) return;
      this.network.server.receive(this.connection, JSON.parse(data) as Record<string, unknown>);
    };
    this.inOrder("server", () => {
      if (this.heldUntil > Date.now()) setTimeout(arrive, this.heldUntil - Date.now());
      else arrive();
    });
  }

  close(): void {
    this.clientEnded = true;
    if (this.heldUntil) return;
    this.inOrder("server", () => {
      this.end();
    });
  }

  /** What is under way to the client is lost; what is under way to the server may arrive, late. */
  break(): void {
    const { random } = this.network;
    this.closedSoon();
    if (random() < 0.4) {
      this.end();
      return;
    }
    this.heldUntil = Date.now() + whole(random, 4000);
    setTimeout(
      () => {
        this.end();
      },
      4000 + 20 * this.network.delay(),
    );
  }

  private closedSoon(): void {
    const { onclose } = this;
    this.onmessage = null;
    setTimeout(() => {
      if (!this.clientEnded && this.onclose === onclose) this.closed(1006);
    }, this.network.delay());
  }

  private end(): void {
    this.serverEnded = true;
    if (this.connection) this.network.server.leave(this.connection);
  }

  private toClient(act: () => void): void {
    this.inOrder("client", () => {
      if (!this.clientEnded) act();
    });
  }

  private inOrder(to: "client" | "server", act: () => void): void {
    const now = Date.now();
    const at = Math.max(this.arrives[to], now + this.network.delay());
    this.arrives[to] = at;
    setTimeout(act, at - now);
  }

  private closed(code: number): void {
    if (this.clientEnded) return;
    this.clientEnded = true;
    this.tell(this.onclose, { code, reason: "" });
  }

  private tell(handler: Handler<never>, event: unknown): void {
    handler?.(event as never);
  }
}
