// The text of one essay by Yjs: the document, and the connection that keeps it the same for all.
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

import { accessToken } from "../session/rest.js";
import { onToken } from "../session/tokens.js";

/** Milliseconds after which a connection is tried again for which there was no good token. */
const AGAIN = 1000;
/** The longest time between two attempts, in milliseconds. */
const LONGEST_WAIT = 10_000;

export class SharedText {
  readonly doc = new Y.Doc();
  readonly text = this.doc.getText("content");
  connected = $state(false);
  /** Whether all that was stored when the connection was made is here. */
  synced = $state(false);
  everSynced = $state(false);
  /** Why the server took an edit for none, and closed the connection. */
  refused = $state<{ readonly code: number; readonly reason: string } | null>(null);
  /** Bytes of ours that the network has not taken yet. */
  waiting = $state(false);

  private readonly provider: WebsocketProvider;
  private readonly endings: (() => void)[] = [];
  private gone = false;
  private again: ReturnType<typeof setTimeout> | undefined;
  private watching: ReturnType<typeof setTimeout> | undefined;

  /** `heard` is called whenever there is, or is no more, a document that is in step. */
  constructor(
    id: number,
    private readonly heard: () => void,
  ) {
    const address = new URL("/yjs/essays", location.origin);
    address.protocol = address.protocol.replace("http", "ws");
    this.provider = new WebsocketProvider(address.href, String(id), this.doc, {
      connect: false,
      disableBc: true,
      maxBackoffTime: LONGEST_WAIT,
    });
    this.follow();
    void this.open();
  }

  get awareness(): WebsocketProvider["awareness"] {
    return this.provider.awareness;
  }

  /** Connect; after an edit was refused, with the same text, which may have been shortened. */
  async open(): Promise<void> {
    if (this.gone) return;
    clearTimeout(this.again);
    this.refused = null;
    try {
      this.provider.params["token"] = await accessToken();
      this.connect();
    } catch {
      // Nobody else tries again. That one is signed out, the other connection finds out.
      this.openLater();
    }
  }

  /** Say whether the network has taken what was typed. */
  watchSending(): void {
    clearTimeout(this.watching);
    this.waiting = (this.provider.ws?.bufferedAmount ?? 0) > 0;
    if (this.waiting)
      this.watching = setTimeout(() => {
        this.watchSending();
      }, 100);
  }

  /** Have no connection any more. The text stays. */
  stop(): void {
    this.gone = true;
    clearTimeout(this.again);
    clearTimeout(this.watching);
    this.provider.disconnect();
  }

  close(): void {
    this.stop();
    for (const end of this.endings) end();
    this.provider.destroy();
    this.doc.destroy();
  }

  private connect(): void {
    if (!this.gone) this.provider.connect();
  }

  private openLater(): void {
    clearTimeout(this.again);
    if (!this.gone) this.again = setTimeout(() => void this.open(), AGAIN);
  }

  private follow(): void {
    const { provider } = this;
    provider.on("status", ({ status }) => {
      this.connected = status === "connected";
      if (!this.connected) this.synced = false;
      this.heard();
    });
    provider.on("sync", (synced) => {
      this.synced = synced;
      if (synced) this.everSynced = true;
      this.heard();
    });
    provider.on("closed", ({ code, reason }) => {
      if (code === 4401) this.openLater();
      else if (code !== 4403) this.refused = { code, reason };
    });
    this.endings.push(
      onToken((token) => {
        if (!token) return;
        provider.params["token"] = token;
        const { ws } = provider;
        if (ws?.readyState === WebSocket.OPEN) {
          ws.send(JSON.stringify({ action: "refresh_token", token }));
        }
      }),
    );
    // What the browser says of the network is a hint: what is lost is noticed, what is back is used.
    const lost = (): void => {
      if (!provider.shouldConnect) return;
      provider.disconnect();
      provider.connect();
    };
    const back = (): void => {
      if (provider.shouldConnect && !document.hidden) provider.connect();
    };
    addEventListener("offline", lost);
    addEventListener("online", back);
    document.addEventListener("visibilitychange", back);
    this.endings.push(() => {
      removeEventListener("offline", lost);
      removeEventListener("online", back);
      document.removeEventListener("visibilitychange", back);
    });
  }
}
