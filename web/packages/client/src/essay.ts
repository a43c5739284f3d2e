// The room of one essay: `step(state, input)` gives the next state and what is to be done. Pure.
import { diff, map, mapRange } from "./change.js";
import { isObject, type Json } from "./dialects/dialect.js";
import { essays } from "./dialects/essays.js";
import { CLOSED, type Problem } from "./errors.js";
import type {
  CursorMovedMessage,
  EssayUpdateExtended,
  FeedbackChangeExtended,
  FeedbackDeletedMessage,
  FeedbackNewExtended,
  FeedbackUpdateExtended,
  Person,
  PersonHere,
  TypingStartMessage,
} from "./protocol.gen.js";
import {
  type Draft,
  join,
  type Kind,
  newId,
  newRoom,
  NOTHING,
  putOff,
  type Request,
  type RoomEffect,
  type RoomInput,
  type RoomState,
  stepRoom,
  update,
  without,
} from "./room.js";
import * as text from "./text.js";

/** Milliseconds from a keystroke to the save that has it. */
export const SAVE_AFTER = 300;

/** A piece of feedback, as far as it was told. Offsets are those of the server's text. */
export type Feedback = Omit<FeedbackChangeExtended, "updated_at"> &
  Partial<FeedbackNewExtended & FeedbackChangeExtended>;

/** Where another person's caret stands in the server's text, and the other end of a selection. */
export interface Cursor {
  readonly position: number;
  readonly end: number;
}

export interface EssayState extends RoomState<PersonHere> {
  readonly text: text.TextState;
  readonly feedback: ReadonlyMap<number, Feedback>;
  /** The feedback that the server has told of since it began to tell everything. */
  readonly told: ReadonlySet<number>;
  readonly typing: ReadonlyMap<number, Person>;
  readonly cursors: ReadonlyMap<number, Cursor>;
  /** The server's newest text: who edited last and when, and the number of words. */
  readonly edited: EssayUpdateExtended | null;
  /**
   * A text that the server refused to save, and why. Nothing is saved until it is changed. With a
   * save under way: why that is only asked about.
   */
  readonly refused: { readonly text: string; readonly problem: Problem } | null;
  /** Whether a save is going to be made, and how often the one under way was put off. */
  readonly saveDue: boolean;
  readonly tries: number;
}

export type EssayInput =
  | RoomInput
  | { readonly type: "edit"; readonly text: string; readonly selection: text.Selection | null }
  | { readonly type: "composing"; readonly on: boolean };

/**
 * `stored`: the server has everything, on its disk. `sent`: it is on its way. `unsaved`: not even
 * that, or given up with the connection, or nobody can say, as the essay was deleted or may not be
 * seen any more. `refused`: see `EssayState.refused`.
 */
export type SaveState = "stored" | "sent" | "unsaved" | "refused";

export function newEssay(room: number, prefix: string): EssayState {
  return {
    ...newRoom<PersonHere>(room, prefix),
    text: text.NO_TEXT,
    feedback: new Map(),
    told: new Set(),
    typing: new Map(),
    cursors: new Map(),
    edited: null,
    refused: null,
    saveDue: false,
    tries: 0,
  };
}

export function saveState({ text: own, refused, phase, problem }: EssayState): SaveState {
  // Whether a room that was deleted, or may not be seen, still has the text, nobody can say.
  const hidden = problem?.code === "closed" || problem?.code === "permission_denied";
  if (text.isStored(own) && (!hidden || problem === CLOSED)) return "stored";
  // Of a save that is only asked about nobody knows yet.
  if (own.flight) return phase === "live" ? "sent" : "unsaved";
  return refused?.text === own.field ? "refused" : "unsaved";
}

export function step(state: EssayState, input: EssayInput): [EssayState, RoomEffect[]] {
  const draft: Draft<EssayState> = { state, effects: [] };
  switch (input.type) {
    case "edit":
      update(draft, { text: text.edited(state.text, input.text, input.selection) });
      break;
    case "composing":
      update(draft, { text: text.composing(state.text, input.on) });
      break;
    default:
      if (input.type === "up") update(draft, { typing: new Map(), cursors: new Map() });
      answersToSave(draft, input);
      stepRoom(essay, draft, input);
  }
  afterwards(draft, state, input);
  return [draft.state, draft.effects];
}

const essay: Kind<EssayState> = {
  dialect: essays,
  // Feedback may come before a text with a lower number, which is held back from who types.
  since: (state) => state.text.base?.seq ?? NOTHING,
  event,
  reset: (state) => ({ ...state, told: new Set(), seq: 0 }),
  caughtUp(state) {
    const { seq, recovered } = state.subscribed ?? { seq: 0, recovered: true };
    const kept = [...state.feedback].filter(([id]) => recovered || state.told.has(id));
    return {
      ...state,
      feedback: new Map(kept),
      text: text.caughtUp(state.text, seq, !recovered),
    };
  },
  note: (state) => state.text.field,
  ready: onText,
};

function answersToSave(draft: Draft<EssayState>, input: RoomInput): void {
  const { flight } = draft.state.text;
  if (!flight || input.type !== "message") return;
  const { message, random } = input;
  if (message.kind === "event" || message.id !== flight.id) return;
  if (message.kind === "error") saveFailed(draft, flight, message.problem, random);
  else update(draft, { text: text.stored(draft.state.text, message.seq), refused: null, tries: 0 });
}

function saveFailed(
  draft: Draft<EssayState>,
  flight: text.Flight,
  problem: Problem,
  random: number,
): void {
  const { refused, text: own, tries } = draft.state;
  const { code } = problem;
  const asked = flight.sent === text.UNKNOWN;
  const lost = { text: flight.text, problem };
  // The version that was named is not one that the server can merge into: ask for the newest.
  const astray = (code === "conflict" && !asked) || code === "not_subscribed";
  if (code === "too_large" && flight.again && !asked) {
    // It was not, at first; now it has words of others in it, and its own twice if it was stored.
    const asking = { ...own, flight: { ...flight, sent: text.UNKNOWN } };
    update(draft, { text: asking, refused: lost });
    sendSave(draft);
  } else if (astray || problem.retry === "later") {
    const ms = putOff(problem, tries, random);
    draft.effects.push({ do: "timer", name: astray ? "join" : "again", ms });
    update(draft, { tries: tries + 1 });
  } else if (problem.retry === "never") {
    update(draft, {
      text: text.refused(own),
      refused: asked && refused ? refused : lost,
      tries: 0,
    });
  }
}

function afterwards(draft: Draft<EssayState>, before: EssayState, input: EssayInput): void {
  const timer = input.type === "timer" ? input.name : null;
  if (draft.state.rights !== before.rights) update(draft, { refused: null });
  if (timer === "save" && draft.state.saveDue) update(draft, { saveDue: false });
  if (draft.state.phase !== "live") {
    if (draft.state.text.live) update(draft, { text: text.interrupted(draft.state.text) });
    return;
  }
  if (before.phase !== "live" || timer === "again") sendSave(draft);
  if (timer === "save") save(draft);
  if (isMissing(draft.state) && !isMissing(before)) join(essay, draft);
  moveCursors(draft, before.text.base);
  if (wantsSave(draft.state) && !draft.state.saveDue) {
    update(draft, { saveDue: true });
    draft.effects.push({ do: "timer", name: "save", ms: SAVE_AFTER });
  }
}

/** Whether the server has merged a save into a text that has to be seen before the next one. */
function isMissing({ text: own }: EssayState): boolean {
  return own.live && !own.flight && !own.composing && text.lacks(own);
}

function wantsSave({ text: own, refused }: EssayState): boolean {
  return text.wantsSave(own) && refused?.text !== own.field;
}

function save(draft: Draft<EssayState>): void {
  if (!wantsSave(draft.state)) return;
  const id = newId(draft);
  update(draft, { text: text.saving(draft.state.text, id), refused: null });
  sendSave(draft);
}

function sendSave(draft: Draft<EssayState>): void {
  const { flight } = draft.state.text;
  if (!flight) return;
  const { selection, sent } = flight;
  const body = {
    content: sent.text,
    base_seq: sent.seq,
    ...(selection && { cursor_position: selection.start }),
    ...(selection && selection.end !== selection.start && { selection_end: selection.end }),
  };
  const message = essays.request(draft.state.room, "update_essay", body, flight.id);
  draft.effects.push({ do: "send", message });
}

/** Carets stand in the text that was sent last: a new one moves them. */
function moveCursors(draft: Draft<EssayState>, before: text.Version | null): void {
  const { cursors, text: own } = draft.state;
  if (!before || !own.base || before === own.base || !cursors.size) return;
  const change = diff(before.text, own.base.text);
  const at = (position: number): number => map(change, position, false);
  const moved = [...cursors].map(
    ([id, { position, end }]) => [id, { position: at(position), end: at(end) }] as const,
  );
  update(draft, { cursors: new Map(moved) });
}

/** Offsets that a request carries are made for what the server knows of our text. */
function onText(state: EssayState, { body, note }: Request): Json | null {
  const range = body["feedback"];
  if (!isObject(range) || typeof range["highlight_start"] !== "number") return body;
  if (state.text.flight || wantsSave(state)) return null;
  const change = diff(note ?? "", state.text.own.text);
  const { highlight_start: from, highlight_end: to } = range;
  const { start, end } = mapRange(change, from, to as number);
  return { ...body, feedback: { ...range, highlight_start: start, highlight_end: end } };
}

function event(draft: Draft<EssayState>, type: string, body: Json): boolean {
  const { typing, cursors, feedback } = draft.state;
  // What the type says of the body is made from the server's schema.
  const about = body as unknown as About;
  switch (type) {
    case "essay_update":
      return updated(draft, body as unknown as EssayUpdateExtended);
    case "new_feedback":
    case "feedback_update":
      return commented(draft, about.feedback);
    case "feedback_deleted":
      update(draft, { feedback: without(feedback, about.feedback_id) });
      return feedback.has(about.feedback_id);
    case "typing_start":
      update(draft, { typing: new Map(typing).set(about.user.id, about.user) });
      break;
    case "typing_stop":
    case "user_left":
      update(draft, { typing: without(typing, about.user_id) });
      if (type === "user_left") update(draft, { cursors: without(cursors, about.user_id) });
      break;
    case "cursor_moved": {
      const { user_id, cursor_position: position, selection_end: end = position } = about;
      update(draft, { cursors: new Map(cursors).set(user_id, { position, end }) });
    }
  }
  return true;
}

type About = Pick<FeedbackUpdateExtended, "feedback"> &
  Pick<FeedbackDeletedMessage, "feedback_id"> &
  Pick<TypingStartMessage, "user"> &
  Omit<CursorMovedMessage, "type">;

function updated(draft: Draft<EssayState>, edited: EssayUpdateExtended): boolean {
  const before = draft.state.text;
  const own = text.received(before, edited.content, edited.seq);
  if (own === before) return false;
  update(draft, { text: own, edited });
  return true;
}

function commented(draft: Draft<EssayState>, item: Feedback): boolean {
  const { told } = draft.state;
  if (!told.has(item.id)) update(draft, { told: new Set(told).add(item.id) });
  const old = draft.state.feedback.get(item.id);
  const now = { ...old, ...item };
  // Feedback that is known already may be told again after a broken connection.
  if (JSON.stringify(old) === JSON.stringify(now)) return false;
  update(draft, { feedback: new Map(draft.state.feedback).set(item.id, now) });
  return true;
}
