/** Numbers from 0 to 1 that depend on the seed alone (mulberry32). */
export function seeded(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function whole(random: () => number, below: number): number {
  return Math.floor(random() * below);
}

export function pick<Item>(random: () => number, items: readonly Item[]): Item {
  const item = items[whole(random, items.length)];
  if (item === undefined) throw new RangeError("nothing to pick from");
  return item;
}
