// One essay, live: the text and carets by Yjs; people, typing, feedback and what is stored by the
// JSON connection; and where the two meet, the highlights.
import type { StateEffect, Text } from "@codemirror/state";
import { EditorView, type ViewUpdate } from "@codemirror/view";
import { tick } from "svelte";
import type * as Y from "yjs";
import {
  type Change,
  connect,
  diff,
  type Essay,
  type EssayState,
  type Feedback,
  map,
  merge,
  type Problem,
} from "workroom-client";

import { accessToken, rest } from "../session/rest.js";
import { expelled, keepForLater } from "../session/session.svelte.js";
import { createEditor, type Editor, inSight } from "./editor.js";
import { narrow, same, type Seen, seenFrom } from "./layout.js";
import {
  feedbackAt,
  type FeedbackType,
  type Mark,
  marks,
  neighbour,
  setActive,
  setDraft,
  setMarks,
} from "./marks.js";
import { Saving } from "./saving.js";
import { SharedText } from "./shared.svelte.js";

/** Milliseconds within which something typed should be stored, before a comment on it is given up. */
const PATIENCE = 10_000;
/** Milliseconds within which news are taken together. */
const TOGETHER = 50;
const NO_ANSWER = "The server has not confirmed the text yet. Please try again in a moment.";

export type Phase = "opening" | "offline" | "sending" | "sent" | "stored" | "lost";

/** A comment that is being written. */
export interface Written {
  type: FeedbackType;
  comment: string;
}

export class LiveEssay {
  state: EssayState;
  pending = $state(false);
  closed = $state<Problem | null>(null);
  words = $state(0);
  active = $state<number | null>(null);
  /** On a narrow screen: whether comments are shown over the text, as somebody has asked for. */
  reading = $state(false);
  /** What is being written, and not sent: on marked words, on the whole essay, and as replies. */
  draft = $state<Written | null>(null);
  whole = $state<Written | null>(null);
  replies = $state<Record<number, string>>({});
  /** The thread in whose reply the caret is. */
  replying: number | null = null;
  /** After an old version was put back: which, and the text before and after that. */
  restored = $state.raw<{
    readonly name: string;
    readonly before: string;
    readonly after: string;
  } | null>(null);
  /** What is selected, and where, in pixels from the top left of the editor; null for nothing. */
  selection = $state.raw<{ readonly top: number; readonly left: number } | null>(null);
  /** The tops of highlights, by id of the feedback; 0 stands for the draft. */
  tops = $state.raw<ReadonlyMap<number, number>>(new Map());
  /** What could be seen of the editor, from its top, when the draft was begun. */
  sight = $state.raw<Seen>({ from: 0, to: 0 });
  /** What is to be seen of the editor, from its top, and some more. */
  window = $state.raw<Seen>({ from: 0, to: 0 });
  readonly feedback = $derived.by(() => this.state.feedback);
  readonly people = $derived.by(() => this.state.people);
  readonly typing = $derived.by(() => this.state.typing);

  readonly phase: Phase = $derived.by(() => {
    const { connected, synced, everSynced, waiting } = this.shared;
    if (!synced && !this.pending) return connected || !everSynced ? "opening" : "offline";
    if (!connected || !synced) return "offline";
    if (!this.pending) return this.state.phase === "live" ? "stored" : "opening";
    // Who may not write any more is not listened to.
    if (this.state.phase === "live" && !this.mayEdit) return "lost";
    return waiting ? "sending" : "sent";
  });

  private readonly workroom;
  private readonly essay: Essay;
  readonly shared: SharedText;
  private readonly saving = new Saving();
  private readonly shown = new Map<number, Feedback>();
  /** Highlights whose words have not come by Yjs yet: they are placed when they have. */
  private awaited = false;
  private readonly endings: (() => void)[] = [];
  private editor: Editor | null = null;
  private parent: HTMLElement | null = null;
  /** The server's text that was told last. */
  private told: EssayState["text"]["base"] = null;
  private compared: { readonly told: string; readonly doc: Text; readonly change: Change } | null =
    null;
  private counting: ReturnType<typeof setTimeout> | undefined;
  private hearing: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly id: number) {
    this.workroom = connect({ url: location.origin, token: accessToken });
    this.essay = this.workroom.essay(id);
    this.state = $state.raw(this.essay.state);
    this.essay.on("change", (state) => {
      this.hear(state);
    });
    this.shared = new SharedText(id, () => {
      this.caughtUp();
    });
    this.essay.on("closed", (problem) => {
      this.closed = problem;
      this.shared.stop();
      if (problem.code === "authentication_failed" || problem.code === "no_token") expelled();
    });
    this.follow();
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
    return this.shared.text.toJSON();
  }

  /** Whether something was written that is not sent. */
  private get unsent(): boolean {
    const replies = [...this.feedback.keys()].map((id) => this.replies[id]);
    return [this.draft?.comment, this.whole?.comment, ...replies].some((each) => each?.trim());
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
      this.read(found);
      void tick().then(() => document.getElementById(`feedback-${found}`)?.focus());
      return true;
    };
    this.editor = createEditor({
      parent,
      text: this.shared.text,
      awareness: this.shared.awareness,
      chosen: (id) => {
        this.read(id);
      },
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
    const saved = !this.pending || (this.shared.connected && (await this.settled(PATIENCE / 4)));
    if (!saved) return confirm("Your last changes are not saved yet. Leave, and lose them?");
    return !this.unsent || confirm("Your comment has not been sent. Leave, and lose it?");
  }

  close(): void {
    for (const end of this.endings) end();
    clearTimeout(this.counting);
    clearTimeout(this.hearing);
    this.editor?.view.destroy();
    this.shared.close();
    this.workroom.close();
  }

  activate(id: number | null): void {
    if (this.active === id) return;
    this.active = id;
    this.view?.dispatch({ effects: setActive.of(id) });
  }

  /** Somebody wants to read this piece of feedback. */
  read(id: number): void {
    this.activate(id);
    this.reading = true;
    if (narrow()) this.reveal(id);
  }

  /** Bring the words of a piece of feedback into sight. */
  reveal(id: number): void {
    const mark = this.view?.state.field(marks).byId.get(id);
    if (mark) this.view?.dispatch({ effects: into(mark) });
  }

  /** From one highlight to the next (or the one before), and round. Whether there is one. */
  walk(step: 1 | -1): boolean {
    const { view } = this;
    const found = view && neighbour(view.state, this.active, step);
    if (!found) return false;
    const [id, { from }] = found;
    const inCard = document.activeElement?.closest("article");
    view.dispatch({ selection: { anchor: from } });
    this.read(id);
    this.reveal(id);
    if (inCard) document.getElementById(`feedback-${id}`)?.focus();
    return true;
  }

  startDraft(): void {
    const { view } = this;
    const range = view?.state.selection.main;
    if (!view || !range || range.empty || !this.mayComment) return;
    this.activate(null);
    const mark: Mark = { from: range.from, to: range.to, type: "general" };
    view.dispatch({ effects: narrow() ? [setDraft.of(mark), into(mark)] : setDraft.of(mark) });
    if (this.parent) this.sight = inSight(this.parent);
    this.reading = true;
    this.draft = { type: "general", comment: "" };
  }

  endDraft(): void {
    this.draft = null;
    this.view?.dispatch({ effects: setDraft.of(null) });
    this.view?.focus();
  }

  /** Comment on what `startDraft` marked, or on the whole essay. Throws WorkroomError, or Error. */
  async comment({ type, comment }: Written, whole: boolean): Promise<void> {
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
    if (!whole) this.unselect();
  }

  /** What was commented on is done with: the button to do so would stand over the next line. */
  private unselect(): void {
    const { view } = this;
    const draft = view?.state.field(marks).draft;
    const { main } = view?.state.selection ?? {};
    if (!view || !draft || main?.from !== draft.from || main.to !== draft.to) return;
    view.dispatch({ selection: { anchor: main.to } });
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

  /**
   * Make the text what it was after a revision, an edit like any other. Throws Refused. `restored`
   * is there until `takeBack`, or until it is of no use any more.
   */
  async restore(seq: number, name: string): Promise<void> {
    const before = this.content;
    const { content } = await rest<{ content: string }>(
      `/api/essays/${this.id}/revisions/${seq}/restore/`,
      "POST",
    );
    const until = Date.now() + PATIENCE;
    while (this.content === before && content !== before && Date.now() < until) await pause();
    if (this.content !== before) this.restored = { name, before, after: content };
  }

  /** Undo that. What was written since then stays. */
  takeBack(): void {
    const { restored, view } = this;
    this.restored = null;
    if (!restored || !view || !this.mayEdit) return;
    const change = merge(restored.after, this.content, restored.before);
    const changes = change.map(({ at, del, ins }) => ({ from: at, to: at + del, insert: ins }));
    view.dispatch({ changes, userEvent: "undo" });
    view.focus();
  }

  // ---- what comes

  private follow(): void {
    this.shared.doc.on(
      "update",
      (_update: Uint8Array, _origin: unknown, _doc: Y.Doc, change: Y.Transaction) => {
        if (change.local) this.saving.edited(this.content);
        else this.saving.merged(this.content);
        this.pending = this.saving.pending;
        if (change.local) this.shared.watchSending();
      },
    );
    const leave = (event: BeforeUnloadEvent): void => {
      if (this.pending || this.unsent) event.preventDefault();
    };
    const resized = (): void => {
      this.measure();
    };
    addEventListener("beforeunload", leave);
    addEventListener("resize", resized);
    addEventListener("scroll", resized, { passive: true });
    this.endings.push(
      () => {
        removeEventListener("beforeunload", leave);
        removeEventListener("resize", resized);
        removeEventListener("scroll", resized);
      },
      keepForLater(() => this.pending),
    );
  }

  /** Both connections are there: what was typed and taken back without one has come to nothing. */
  private caughtUp(): void {
    const told = this.essay.state.text.base;
    if (told && this.shared.synced && this.essay.state.phase === "live") {
      this.saving.stored(told.text);
      this.pending = this.saving.pending;
    }
    this.showMarks();
  }

  /**
   * Each word of the server's as it comes: where a highlight is said to be holds for the text that
   * is known at that moment. What is shown of it all follows together, for an edit may move
   * hundreds of highlights, each of which is told by itself.
   */
  private hear(state: EssayState): void {
    const told = state.text.base;
    if (told && told !== this.told) {
      this.told = told;
      this.saving.stored(told.text);
    }
    this.showMarks();
    if (this.hearing !== undefined) return;
    this.heard(state);
    this.hearing = setTimeout(() => {
      this.hearing = undefined;
      if (this.state !== this.essay.state) this.heard(this.essay.state);
    }, TOGETHER);
  }

  private heard(state: EssayState): void {
    const before = this.state;
    this.state = state;
    this.pending = this.saving.pending;
    if (state.phase !== before.phase) this.caughtUp();
    if (state.rights !== before.rights) this.editor?.setWritable(this.mayEdit);
  }

  /** Take over where the server says that highlights are. */
  private showMarks(): void {
    const { view } = this;
    const { feedback, phase, text } = this.essay.state;
    if (!view || !this.shared.everSynced || !text.base || phase !== "live") return;
    const changes = new Map<number, Mark | null>();
    if ([...feedback].every(([id, item]) => this.shown.get(id) === item)) {
      if (feedback.size === this.shown.size) return;
    }
    const { byId } = view.state.field(marks);
    const change = this.difference(text.base.text, view.state.doc);
    this.awaited = false;
    for (const [id, item] of feedback) {
      if (this.shown.get(id) === item) continue;
      this.shown.set(id, item);
      const { highlight_start: start, highlight_end: end, status, type } = item;
      if (start === null || end === null || status === "resolved") {
        if (byId.has(id)) changes.set(id, null);
        continue;
      }
      const from = map(change, start, true);
      const to = Math.max(from, map(change, end, false));
      if (from === to && start < end) {
        this.shown.delete(id);
        this.awaited = true;
      }
      const now = byId.get(id);
      if (now?.from !== from || now.to !== to || now.type !== type) {
        changes.set(id, { from, to, type });
      }
    }
    for (const id of [...this.shown.keys()]) {
      if (feedback.has(id)) continue;
      this.shown.delete(id);
      changes.set(id, null);
    }
    if (changes.size) view.dispatch({ effects: setMarks.of(changes) });
  }

  /** What makes the text in the editor of the server's; the same for many highlights in a row. */
  private difference(told: string, doc: Text): Change {
    if (this.compared?.told !== told || this.compared.doc !== doc) {
      this.compared = { told, doc, change: diff(told, doc.toString()) };
    }
    return this.compared.change;
  }

  private updated(update: ViewUpdate): void {
    const { docChanged, selectionSet, geometryChanged, focusChanged, state, startState } = update;
    if (docChanged && this.counting === undefined) {
      this.counting = setTimeout(() => {
        this.counting = undefined;
        this.words = this.content.match(/\S+/gu)?.length ?? 0;
      }, 300);
    }
    if (docChanged && this.awaited) {
      setTimeout(() => {
        this.showMarks();
      });
    }
    if (selectionSet && !docChanged) this.activate(feedbackAt(state, state.selection.main.head));
    const marked = state.field(marks) !== startState.field(marks);
    if (docChanged || geometryChanged || marked || selectionSet || focusChanged) this.measure();
  }

  /** Work out where highlights and the selection are on the screen. */
  measure(): void {
    const { view, parent } = this;
    if (!view || !parent) return;
    view.requestMeasure({
      key: this,
      read: () => {
        const box = parent.getBoundingClientRect();
        const shift = view.documentTop - box.top;
        const { from, to } = view.viewport;
        const top = (position: number): number => {
          const seen = position >= from && position <= to && view.coordsAtPos(position);
          return Math.round(seen ? seen.top - box.top : view.lineBlockAt(position).top + shift);
        };
        const { byId, draft } = view.state.field(marks);
        const tops = new Map([...byId].map(([id, mark]) => [id, top(mark.from)]));
        if (draft) tops.set(0, top(draft.from));
        const { main } = view.state.selection;
        const end = main.empty || !view.hasFocus ? null : view.coordsAtPos(main.head);
        const selection = end && { top: end.bottom - box.top, left: end.left - box.left };
        return { tops, selection, above: -box.top };
      },
      write: ({ tops, selection, above }) => {
        if (!same(tops, this.tops)) this.tops = tops;
        if (selection || this.selection) this.selection = selection;
        this.window = seenFrom(above, above + innerHeight, this.window);
      },
    });
  }

  private async settled(patience: number): Promise<boolean> {
    const until = Date.now() + patience;
    while (this.pending && Date.now() < until) await pause();
    return !this.pending;
  }
}

/** Brings words into sight. On a narrow screen the comments cover the lower half. */
function into({ from }: Mark): StateEffect<unknown> {
  return EditorView.scrollIntoView(from, { y: narrow() ? "start" : "nearest", yMargin: 90 });
}

function pause(): Promise<void> {
  return new Promise((done) => setTimeout(done, 50));
}
