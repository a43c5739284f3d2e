// One essay, live: the text and carets by Yjs; people, typing, feedback and what is stored by the
// JSON connection; and where the two meet, the highlights.
import { EditorView, type ViewUpdate } from "@codemirror/view";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import {
  connect,
  diff,
  type Essay,
  type EssayState,
  type Feedback,
  map,
  type Problem,
} from "workroom-client";

import { accessToken } from "../session/rest.js";
import { expelled } from "../session/session.svelte.js";
import { onToken } from "../session/tokens.js";
import { createEditor, type Editor } from "./editor.js";
import {
  feedbackAt,
  type FeedbackType,
  type Mark,
  marks,
  setActive,
  setDraft,
  setMarks,
} from "./marks.js";
import { Saving } from "./saving.js";

/** Milliseconds within which something typed should be stored, before a comment on it is given up. */
const PATIENCE = 10_000;
/** Milliseconds after which a connection whose token was refused is tried with a newer one. */
const AGAIN = 1000;
const NO_ANSWER = "The server has not confirmed the text yet. Please try again in a moment.";

export type Phase = "opening" | "offline" | "sending" | "sent" | "stored";

export class LiveEssay {
  state: EssayState;
  /** The last word on the connection of the text. */
  connected = $state(false);
  synced = $state(false);
  pending = $state(false);
  /** Bytes of ours that the network has not taken yet. */
  private waiting = $state(false);
  /** Why the server took an edit for none, and closed the connection. */
  refused = $state<{ readonly code: number; readonly reason: string } | null>(null);
  closed = $state<Problem | null>(null);
  words = $state(0);
  active = $state<number | null>(null);
  drafting = $state(false);
  /** What is selected, and where, in pixels from the top left of the editor; null for nothing. */
  selection = $state.raw<{ readonly top: number; readonly left: number } | null>(null);
  /** The tops of highlights, by id of the feedback; 0 stands for the draft. */
  tops = $state.raw<ReadonlyMap<number, number>>(new Map());

  readonly phase: Phase = $derived.by(() => {
    if (!this.synced && !this.pending)
      return this.connected ? "opening" : this.everSynced ? "offline" : "opening";
    if (!this.connected || !this.synced) return "offline";
    if (!this.pending) return this.state.phase === "live" ? "stored" : "opening";
    return this.waiting ? "sending" : "sent";
  });
  private everSynced = $state(false);

  private gone = false;

  private readonly workroom;
  private readonly essay: Essay;
  private readonly doc = new Y.Doc();
  private readonly text = this.doc.getText("content");
  private readonly provider: WebsocketProvider;
  private readonly saving = new Saving();
  private readonly shown = new Map<number, Feedback>();
  private readonly endings: (() => void)[] = [];
  private editor: Editor | null = null;
  private parent: HTMLElement | null = null;
  private counting: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly id: number) {
    this.workroom = connect({ url: location.origin, token: accessToken });
    this.essay = this.workroom.essay(id);
    this.state = $state.raw(this.essay.state);
    this.essay.on("change", (state) => {
      this.heard(state);
    });
    this.essay.on("closed", (problem) => {
      this.closed = problem;
      this.provider.disconnect();
      if (problem.code === "authentication_failed" || problem.code === "no_token") expelled();
    });
    const address = new URL("/yjs/essays", location.origin);
    address.protocol = address.protocol.replace("http", "ws");
    this.provider = new WebsocketProvider(address.href, String(id), this.doc, {
      connect: false,
      disableBc: true,
      maxBackoffTime: 10_000,
    });
    this.follow();
    void this.open();
  }

  get view(): EditorView | null {
    return this.editor?.view ?? null;
  }

  get mayEdit(): boolean {
    return this.state.rights === "edit" || this.state.rights === "owner";
  }

  get mayComment(): boolean {
    return this.mayEdit || this.state.rights === "comment";
  }

  /** The text as it is in the editor. */
  get content(): string {
    return this.text.toJSON();
  }

  /** Show the editor in `parent`. */
  attach(parent: HTMLElement): void {
    this.parent = parent;
    const comment = (): boolean => {
      this.startDraft();
      return true;
    };
    const enter = (): boolean => {
      const head = this.view?.state.selection.main.head ?? 0;
      const found = this.view && feedbackAt(this.view.state, head);
      if (found === null) return false;
      this.activate(found);
      document.getElementById(`feedback-${found}`)?.focus();
      return true;
    };
    this.editor = createEditor({
      parent,
      text: this.text,
      awareness: this.provider.awareness,
      keys: [
        { key: "Mod-Alt-m", run: comment, preventDefault: true },
        { key: "Alt-Enter", run: enter },
      ],
      updated: (update) => {
        this.updated(update);
      },
    });
    this.editor.setWritable(this.mayEdit);
    this.showMarks();
  }

  /** Whether nothing is lost by leaving, or the person means it. */
  async mayLeave(): Promise<boolean> {
    if (!this.pending || (this.connected && (await this.settled(PATIENCE / 4)))) return true;
    return confirm("Your last changes are not saved yet. Leave, and lose them?");
  }

  close(): void {
    this.gone = true;
    for (const end of this.endings) end();
    clearTimeout(this.counting);
    this.editor?.view.destroy();
    this.provider.destroy();
    this.workroom.close();
    this.doc.destroy();
  }

  /** After an edit was refused: with the same text, which may have been shortened. */
  async open(): Promise<void> {
    if (this.gone || this.closed) return;
    this.refused = null;
    try {
      this.provider.params["token"] = await accessToken();
      this.provider.connect();
    } catch {
      // Without a network or a good token, the JSON connection says so, and tries again.
    }
  }

  activate(id: number | null): void {
    if (this.active === id) return;
    this.active = id;
    this.view?.dispatch({ effects: setActive.of(id) });
  }

  /** Bring the words of a piece of feedback into sight. */
  reveal(id: number): void {
    const mark = this.view?.state.field(marks).byId.get(id);
    if (!this.view || !mark) return;
    // On a narrow screen the comments cover the lower half.
    const y = innerWidth < 992 ? "start" : "nearest";
    this.view.dispatch({ effects: EditorView.scrollIntoView(mark.from, { y, yMargin: 90 }) });
  }

  startDraft(): void {
    const { view } = this;
    const range = view?.state.selection.main;
    if (!view || !range || range.empty || !this.mayComment) return;
    this.activate(null);
    const mark: Mark = { from: range.from, to: range.to, type: "general" };
    view.dispatch({ effects: setDraft.of(mark) });
    this.drafting = true;
  }

  endDraft(): void {
    this.drafting = false;
    this.view?.dispatch({ effects: setDraft.of(null) });
    this.view?.focus();
  }

  /** Comment on what `startDraft` marked, or on the whole essay. Throws WorkroomError, or Error. */
  async comment(type: FeedbackType, comment: string, whole: boolean): Promise<void> {
    let range: { highlight_start: number; highlight_end: number } | null = null;
    let base: number | null = null;
    if (!whole) {
      // The server has to know the words that are commented on.
      if (!(await this.settled(PATIENCE))) throw new Error(NO_ANSWER);
      const draft = this.view?.state.field(marks).draft;
      if (!draft || draft.from === draft.to) throw new Error("These words have been deleted.");
      const change = diff(this.content, this.essay.text);
      range = {
        highlight_start: map(change, draft.from, true),
        highlight_end: map(change, draft.to, false),
      };
      base = this.essay.base;
    }
    await this.essay.request("add_feedback", {
      feedback: { type, comment, ...(range ?? { highlight_start: null, highlight_end: null }) },
      ...(base === null ? {} : { base_seq: base }),
    });
  }

  async reply(feedback_id: number, comment: string): Promise<void> {
    await this.essay.request("reply_feedback", { feedback_id, comment });
  }

  async resolve(feedback_id: number, resolved: boolean): Promise<void> {
    await this.essay.request(resolved ? "resolve_feedback" : "reopen_feedback", { feedback_id });
  }

  async remove(feedback_id: number): Promise<void> {
    await this.essay.request("delete_feedback", { feedback_id });
  }

  // ---- what comes

  private follow(): void {
    const { provider } = this;
    provider.on("status", ({ status }) => {
      this.connected = status === "connected";
      if (!this.connected) this.synced = false;
    });
    provider.on("sync", (synced) => {
      this.synced = synced;
      if (synced) this.everSynced = true;
      this.showMarks();
    });
    provider.on("closed", ({ code, reason }) => {
      if (code === 4401) setTimeout(() => void this.open(), AGAIN);
      else if (code !== 4403) this.refused = { code, reason };
    });
    this.doc.on(
      "update",
      (_update: Uint8Array, _origin: unknown, _doc: Y.Doc, change: Y.Transaction) => {
        if (change.local) this.saving.edited(this.content);
        else this.saving.merged(this.content);
        this.pending = this.saving.pending;
        if (change.local) this.watchSending();
      },
    );
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
    const leave = (event: BeforeUnloadEvent): void => {
      if (this.pending) event.preventDefault();
    };
    const resized = (): void => {
      this.measure();
    };
    addEventListener("beforeunload", leave);
    addEventListener("resize", resized);
    this.endings.push(() => {
      removeEventListener("beforeunload", leave);
      removeEventListener("resize", resized);
    });
  }

  private watchSending(): void {
    this.waiting = (this.provider.ws?.bufferedAmount ?? 0) > 0;
    if (this.waiting)
      setTimeout(() => {
        this.watchSending();
      }, 100);
  }

  private heard(state: EssayState): void {
    const before = this.state;
    this.state = state;
    const told = state.text.base;
    if (told && told !== before.text.base) {
      this.saving.stored(told.text);
      this.pending = this.saving.pending;
    }
    if (state.rights !== before.rights) this.editor?.setWritable(this.mayEdit);
    if (state.feedback !== before.feedback || state.phase !== before.phase) this.showMarks();
  }

  /** Take over where the server says that highlights are. */
  private showMarks(): void {
    const { view } = this;
    const told = this.state.text.base?.text;
    if (!view || !this.everSynced || told === undefined || this.state.phase !== "live") return;
    const { feedback } = this.state;
    const changes = new Map<number, Mark | null>();
    const change = diff(told, view.state.doc.toString());
    for (const [id, item] of feedback) {
      if (this.shown.get(id) === item) continue;
      this.shown.set(id, item);
      const { highlight_start: start, highlight_end: end, status, type } = item;
      if (start === null || end === null || status === "resolved") {
        changes.set(id, null);
        continue;
      }
      const from = map(change, start, true);
      changes.set(id, { from, to: Math.max(from, map(change, end, false)), type });
    }
    for (const id of [...this.shown.keys()]) {
      if (feedback.has(id)) continue;
      this.shown.delete(id);
      changes.set(id, null);
    }
    if (changes.size) view.dispatch({ effects: setMarks.of(changes) });
  }

  private updated(update: ViewUpdate): void {
    const { docChanged, selectionSet, geometryChanged, focusChanged, state, startState } = update;
    if (docChanged && this.counting === undefined) {
      this.counting = setTimeout(() => {
        this.counting = undefined;
        this.words = this.content.match(/\S+/gu)?.length ?? 0;
      }, 150);
    }
    if (selectionSet && !docChanged) this.activate(feedbackAt(state, state.selection.main.head));
    const marked = state.field(marks) !== startState.field(marks);
    if (docChanged || geometryChanged || marked || selectionSet || focusChanged) this.measure();
  }

  /** Work out where highlights and the selection are on the screen. */
  private measure(): void {
    const { view, parent } = this;
    if (!view || !parent) return;
    view.requestMeasure({
      key: this,
      read: () => {
        const box = parent.getBoundingClientRect();
        const top = (position: number): number => {
          const seen = view.coordsAtPos(position)?.top;
          return (seen ?? view.lineBlockAt(position).top + view.documentTop) - box.top;
        };
        const { byId, draft } = view.state.field(marks);
        const tops = new Map([...byId].map(([id, { from }]) => [id, top(from)]));
        if (draft) tops.set(0, top(draft.from));
        const { main } = view.state.selection;
        const end = main.empty || !view.hasFocus ? null : view.coordsAtPos(main.head);
        const selection = end && { top: end.bottom - box.top, left: end.left - box.left };
        return { tops, selection };
      },
      write: ({ tops, selection }) => {
        this.tops = tops;
        this.selection = selection;
      },
    });
  }

  private async settled(patience: number): Promise<boolean> {
    const until = Date.now() + patience;
    while (this.pending && Date.now() < until) await new Promise((done) => setTimeout(done, 50));
    return !this.pending;
  }
}
