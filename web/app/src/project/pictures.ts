// Where things stand in the pictures of results. Pure.

/** A recording's outline in a box `width` by `height`: the highest and lowest of each part. */
export function outline(
  low: readonly number[],
  high: readonly number[],
  width: number,
  height: number,
): string {
  const count = Math.min(low.length, high.length);
  if (!count) return "";
  const x = (i: number): string => number(((i + 0.5) * width) / count);
  // So little that silence is still a line.
  const y = (value: number, least: number): string =>
    number(
      height / 2 - (Math.max(Math.abs(value), least) * Math.sign(value || least) * height) / 2,
    );
  const upper = high.map((value, i) => `${x(i)} ${y(Math.max(value, 0), 0.012)}`);
  const lower = low.map(
    (value, i) => `${x(i)} ${number(height - Number(y(Math.max(-value, 0), 0.012)))}`,
  );
  return `M${upper.slice(0, count).join("L")}L${lower.slice(0, count).reverse().join("L")}Z`;
}

/** The same of a preview, which has one number for each part. */
export function mirrored(peaks: readonly number[], width: number, height: number): string {
  return outline(
    peaks.map((peak) => -peak),
    peaks,
    width,
    height,
  );
}

/** How far a value is on its way from one end to the other, 0 to 1. */
export function share(value: number, low: number, high: number): number {
  return Math.min(1, Math.max(0, (value - low) / (high - low)));
}

function number(value: number): string {
  return String(Math.round(value * 100) / 100);
}
