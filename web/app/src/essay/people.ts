// How people look: one of eight colours each, the same everywhere and for everybody.

export function colour(id: number): number {
  return id % 8;
}

export function initials(name: string): string {
  const words = name
    .replace(/^(dr|prof|mr|mrs|ms)\.?\s+/iu, "")
    .split(/\s+/u)
    .filter(Boolean);
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
  const first = (word = ""): string => String.fromCodePoint(word.codePointAt(0) ?? 0x3f);
  return ends.map(first).join("").toUpperCase();
}
