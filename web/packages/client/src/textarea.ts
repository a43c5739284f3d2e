import { diff } from "./change.js";
import type { Essay } from "./client.js";

/** What is needed of a `<textarea>` (or an `<input>`). */
export type Field = Pick<
  HTMLTextAreaElement,
  | "value"
  | "selectionStart"
  | "selectionEnd"
  | "readOnly"
  | "setRangeText"
  | "addEventListener"
  | "removeEventListener"
>;

/**
 * Keeps a field and an essay the same: what is typed is saved, what others write appears without
 * moving the caret away from its words. Read-only for who may not edit. Returns what ends it, and
 * makes the field read-only or not as it was before.
 */
export function bindTextarea(essay: Essay, field: Field): () => void {
  const heard = ({ type }: Event): void => {
    if (type !== "compositionstart") {
      essay.edit(field.value, { start: field.selectionStart, end: field.selectionEnd });
    }
    if (type !== "input") essay.compose(type === "compositionstart");
  };
  const show = (): void => {
    const { rights, text } = essay.state;
    field.readOnly = !text.base || (rights !== "edit" && rights !== "owner");
    for (const { at, del, ins } of diff(field.value, text.field).reverse()) {
      field.setRangeText(ins, at, at + del, "preserve");
    }
  };
  const before = field.readOnly;
  const names = ["input", "compositionstart", "compositionend"];
  for (const name of names) field.addEventListener(name, heard);
  const forget = essay.on("change", show);
  show();
  return () => {
    forget();
    for (const name of names) field.removeEventListener(name, heard);
    // Nobody would hear the end of a composition now.
    essay.compose(false);
    field.readOnly = before;
  };
}
