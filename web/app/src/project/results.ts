// What the two analyses that come with Workroom find, as far as it is shown. Pure.
//
// Results come from workers, which may be anybody's: what does not have this shape is none of them.

export interface Mood {
  readonly label: string;
  readonly pleasure: number;
  readonly arousal: number;
}

export interface ImageFindings {
  readonly kind: "image";
  readonly note: string;
  readonly sources: readonly string[];
  readonly brightness: number;
  readonly saturation: number;
  readonly emotion: {
    readonly pleasure: number;
    readonly arousal: number;
    readonly dominance: number;
  };
  readonly mood: Mood;
  readonly palette: readonly { readonly colour: string; readonly share: number }[];
  readonly colourfulness: number;
  readonly temperature: {
    readonly warm: number;
    readonly cold: number;
    readonly neutral: number;
  };
  readonly contrast: { readonly light_dark: number; readonly warm_cold: number };
}

export interface AudioFindings {
  readonly kind: "audio";
  readonly note: string;
  readonly sources: readonly string[];
  readonly seconds: number;
  readonly loudness: { readonly integrated: number | null; readonly range: number | null };
  readonly levels: { readonly true_peak: number | null; readonly rms: number | null };
  readonly silence: number;
  readonly tempo: { readonly bpm: number | null; readonly confidence: number };
  readonly centroid: number | null;
  readonly mood: Mood | null;
  readonly waveform: { readonly low: readonly number[]; readonly high: readonly number[] };
}

type Check = (value: unknown) => boolean;

const number: Check = (value) => typeof value === "number" && Number.isFinite(value);
const text: Check = (value) => typeof value === "string";
const colour: Check = (value) => typeof value === "string" && /^#[0-9a-f]{6}$/i.test(value);
const nullable =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const shape =
  (keys: Record<string, Check>): Check =>
  (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.entries(keys).every(([key, check]) => check((value as Record<string, unknown>)[key]));

const MOOD = shape({ label: text, pleasure: number, arousal: number });
const IMAGE = shape({
  kind: (value) => value === "image",
  note: text,
  sources: list(text),
  brightness: number,
  saturation: number,
  emotion: shape({ pleasure: number, arousal: number, dominance: number }),
  mood: MOOD,
  palette: list(shape({ colour, share: number })),
  colourfulness: number,
  temperature: shape({ warm: number, cold: number, neutral: number }),
  contrast: shape({ light_dark: number, warm_cold: number }),
});
const AUDIO = shape({
  kind: (value) => value === "audio",
  note: text,
  sources: list(text),
  seconds: number,
  loudness: shape({ integrated: nullable(number), range: nullable(number) }),
  levels: shape({ true_peak: nullable(number), rms: nullable(number) }),
  silence: number,
  tempo: shape({ bpm: nullable(number), confidence: number }),
  centroid: nullable(number),
  mood: nullable(MOOD),
  waveform: shape({ low: list(number), high: list(number) }),
});

/** What is known of the shape of a result; null for those of other types of task. */
export function known(result: unknown): ImageFindings | AudioFindings | null {
  return IMAGE(result) || AUDIO(result) ? (result as ImageFindings | AudioFindings) : null;
}

const OURS = new Set(["canvas_id", "status", "error", "kind", "version"]);
const MOST = 200;

/** Other results: their simple values, by name, as texts. */
export function plainly(result: object): [string, string][] {
  const found: [string, string][] = [];
  const add = (name: string, value: unknown): void => {
    if (found.length >= MOST || value === null || value === undefined) return;
    if (Array.isArray(value)) found.push([name, many(value)]);
    else if (typeof value === "object") {
      for (const [key, inner] of Object.entries(value)) add(`${name} ${key}`, inner);
    } else if (typeof value === "number") found.push([name, rounded(value)]);
    else if (typeof value === "string" || typeof value === "boolean")
      found.push([name, `${value}`]);
  };
  for (const [key, value] of Object.entries(result)) {
    if (!OURS.has(key)) add(key, value);
  }
  return found.map(([name, value]) => [name.replaceAll("_", " "), value]);
}

function many(values: readonly unknown[]): string {
  const simple = values.every((value) => typeof value !== "object") && values.length <= 12;
  return simple ? values.map(String).join(", ") : `${values.length} values`;
}

/** To a few places, as people read it. */
export function rounded(value: number, places = 2): string {
  return value.toLocaleString("en", { maximumFractionDigits: places }).replace("-", "\u2212");
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
