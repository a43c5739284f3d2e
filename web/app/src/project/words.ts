// What the server's codes and values are called when people read them. Pure.
import type { Canvas } from "workroom-client";

/** Why something was not done, by the code of the refusal. */
const REFUSALS: Record<string, string> = {
  unsupported_file:
    "This is no picture or recording that can be opened here. Pictures are PNG, JPEG, WebP or GIF; recordings are WAV, FLAC, OGG or MP3.",
  damaged_file: "This file is damaged or cut off: it cannot be opened to its end.",
  too_large: "This file is too large.",
  too_many_pixels: "This picture has too many pixels.",
  too_long: "This recording is too long.",
  too_complex: "This file takes too much work to open.",
  quota_exceeded:
    "There is no room left in this project for this file. Delete what nobody needs first.",
  rate_limited: "That was a lot at once. Please try again in a moment.",
  insufficient_permissions: "You may not do this here. An owner of the project can let you.",
  no_worker: "Nobody is there to do this right now, so nothing was begun. Try again in a moment.",
  unavailable: "The server cannot do this right now. Nothing was changed; try again in a moment.",
};

/** A refusal in words for people; `detail` is what the server says, and has numbers. */
export function refusal(code: string, detail: string): string {
  const bytes = /at most (\d+) bytes/.exec(detail)?.[1];
  if (code === "too_large" && bytes) {
    return `This file is too large: it may have ${size(Number(bytes))} at most.`;
  }
  return own(REFUSALS, code) ?? sentence(detail);
}

function own(names: Record<string, string>, name: string): string | undefined {
  return Object.hasOwn(names, name) ? names[name] : undefined;
}

export function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}

/** Bytes. */
export function size(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 10 && unit ? Number(value.toFixed(1)) : Math.round(value)} ${units[unit] ?? ""}`;
}

/** Seconds, as 1:05. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

const FORMATS: Record<string, string> = { "audio/mpeg": "MP3", "image/webp": "WebP" };

/** What a canvas is, in a line. */
export function facts(canvas: Canvas): string {
  const format =
    FORMATS[canvas.media_type] ?? (canvas.media_type.split("/")[1] ?? "").toUpperCase();
  const measure =
    canvas.kind === "image" ? `${canvas.width} × ${canvas.height}` : clock(canvas.duration ?? 0);
  return [measure, format, size(canvas.size)].join(", ");
}

const TASKS: Record<string, string> = {
  analyze_image_emotion: "Colours and mood",
  analyze_audio: "Sound and mood",
};

/** What a type of task is called. Types have names of all kinds, `constructor` among them. */
export function taskName(type: string): string {
  return own(TASKS, type) ?? sentence(type.replaceAll("_", " ")).slice(0, -1);
}

const ACTIONS: Record<string, string> = {
  analyze_image_emotion: "Analyse colours and mood",
  analyze_audio: "Analyse sound and mood",
};

/** What the button is called that begins one. */
export function taskAction(type: string): string {
  return own(ACTIONS, type) ?? taskName(type);
}

export const RIGHTS: Record<string, string> = {
  owner: "Owner",
  edit: "May edit",
  comment: "May comment",
  view: "May look",
};

/** Where the words of colourfulness begin (Hasler and Suesstrunk). */
const COLOURFUL = [
  [109, "extremely colourful"],
  [82, "highly colourful"],
  [59, "quite colourful"],
  [45, "averagely colourful"],
  [33, "moderately colourful"],
  [15, "slightly colourful"],
] as const;

export function colourful(value: number): string {
  return COLOURFUL.find(([least]) => value >= least)?.[1] ?? "not colourful";
}
