// The text of an essay between a person who types and a server that merges whole texts. Pure.
//
// `field` is what the person sees, and nobody but them overwrites it: what the server sends is
// merged into it. One save is under way at a time; while it is, texts from the server wait, because
// nobody can tell yet whether they contain it.
//
// After a broken connection nobody knows whether the last save was stored, and the server may have
// forgotten what this client had. So the save is sent again under its old `request_id`, but written
// anew on the text that the server has now. If it had been stored, the server answers as it did
// then, with a number that this text already contains; if not, it is stored now.

import { apply, type Change, diff, map, mapRange, merge } from "./change.js";
import { NOTHING } from "./room.js";

export interface Selection {
  readonly start: number;
  readonly end: number;
}

/** A text of the server, and the number under which it is known there. */
export interface Version {
  readonly text: string;
  readonly seq: number;
}

/** A save that is not answered yet. */
export interface Flight {
  readonly id: string;
  /** What the server knew of us when it was made, and what was saved. */
  readonly from: string;
  readonly text: string;
  readonly selection: Selection | null;
  /** What was sent, and from which version: after a broken connection, the same on a newer one. */
  readonly sent: Version;
  readonly again: boolean;
}

/** No server has such a version: whoever saves one made from it is refused, or told it was stored. */
export const UNKNOWN: Version = { text: "", seq: NOTHING };

export interface TextState {
  readonly field: string;
  readonly selection: Selection | null;
  /** The newest text of the server that is in the field; null before the first. */
  readonly base: Version | null;
  /** Our own text as the server knows it: the one that was saved last, or the base. */
  readonly own: Version;
  readonly flight: Flight | null;
  /** A newer text of the server that waits. */
  readonly news: Version | null;
  /** Whether the server follows us: not while connecting and catching up. */
  readonly live: boolean;
  /** The field must not be touched right now: an input method is composing in it. */
  readonly composing: boolean;
  /** Nothing is saved until the server has sent a text with this number. */
  readonly needs: number;
}

export const NO_TEXT: TextState = {
  field: "",
  selection: null,
  base: null,
  own: { text: "", seq: 0 },
  flight: null,
  news: null,
  live: false,
  composing: false,
  needs: 0,
};

/** The person typed, or moved the caret. */
export function edited(state: TextState, field: string, selection: Selection | null): TextState {
  return { ...state, field, selection };
}

export function composing(state: TextState, on: boolean): TextState {
  return settled({ ...state, composing: on });
}

/** The server sent a text. */
export function received(state: TextState, text: string, seq: number): TextState {
  const known = state.news ?? state.base;
  if (state.live && known && seq < known.seq) return state;
  return settled({ ...state, news: { text, seq } });
}

/** The connection is gone. What waited comes again. */
export function interrupted(state: TextState): TextState {
  return { ...state, live: false, news: null };
}

/**
 * All that was missed is here, up to `seq`. `reset`: the server could not tell what was missed, so
 * nothing that it said before counts.
 */
export function caughtUp(state: TextState, seq: number, reset: boolean): TextState {
  const text = (state.news ?? state.base ?? state.own).text;
  const news = { text, seq: Math.max(seq, state.news?.seq ?? 0) };
  const own = reset ? { ...state.own, seq: 0 } : state.own;
  const { flight } = state;
  // The new connection knows nothing of our own text: the next save has to be made on this one.
  const again = flight && {
    ...flight,
    selection: null,
    sent: { ...news, text: apply(flight.text, merge(flight.from, flight.text, text)) },
    again: true,
  };
  return settled({ ...state, live: true, own, news, needs: news.seq, flight: again });
}

/** Whether a text has to come from the server before anything can be saved. */
export function lacks({ base, needs }: TextState): boolean {
  return !base || base.seq < needs;
}

/** Whether there is something to save, and a save may be made now. */
export function wantsSave(state: TextState): boolean {
  return state.live && !state.flight && !lacks(state) && state.field !== state.own.text;
}

/** What a save says; call it when `wantsSave`, and send what is in `flight`. */
export function saving(state: TextState, id: string): TextState {
  const flight = {
    id,
    from: state.own.text,
    text: state.field,
    selection: state.selection,
    sent: { text: state.field, seq: state.base?.seq ?? 0 },
    again: false,
  };
  return { ...state, flight };
}

/**
 * The save under way is stored, as `seq`. If it was sent again, only the next text of the server
 * (which may be here already) tells in which of its two forms it was taken.
 */
export function stored(state: TextState, seq: number): TextState {
  const { flight } = state;
  if (!flight) return state;
  const needs = flight.again ? seq : state.needs;
  return settled({ ...state, flight: null, own: { text: flight.text, seq }, needs });
}

/** The save under way was refused. */
export function refused(state: TextState): TextState {
  return settled({ ...state, flight: null });
}

/** Whether everything in the field is stored on the server. */
export function isStored(state: TextState): boolean {
  return !state.flight && state.field === state.own.text;
}

/** Where a range of the server's newest text (a highlight, a selection) is in the field. */
export function inField(state: TextState, start: number, end: number): Selection {
  return mapRange(diff(state.base?.text ?? "", state.field), start, end);
}

/** Takes over the server's text if one waits that has all of ours in it. */
function settled(state: TextState): TextState {
  const { news, own } = state;
  if (!state.live || state.flight || state.composing || !news || news.seq < own.seq) return state;
  const change = merge(own.text, state.field, news.text);
  const next = { ...state, base: news, own: news, news: null };
  if (!change.length) return next;
  const { field, selection } = state;
  return { ...next, field: apply(field, change), selection: selection && moved(selection, change) };
}

function moved({ start, end }: Selection, change: Change): Selection {
  return { start: map(change, start, false), end: map(change, end, start !== end) };
}
