import type { FeedbackType } from "./marks.js";

/** The types of feedback, in the order in which they are offered. */
export const TYPES: readonly { readonly type: FeedbackType; readonly label: string }[] = [
  { type: "general", label: "General" },
  { type: "content", label: "Content" },
  { type: "structure", label: "Structure" },
  { type: "style", label: "Style" },
  { type: "grammar", label: "Grammar" },
];

export function labelOf(type: FeedbackType): string {
  return TYPES.find((each) => each.type === type)?.label ?? type;
}
