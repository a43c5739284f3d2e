// <workroom-tasks>: the tasks of a project, while they go on and for a while after they ended.
import type { Project, ProjectEvents, Task } from "../index.js";
import { make, Piece, sheet } from "./base.js";

/** Ended tasks that are shown. */
const ENDED = 5;
const ENDS = { completed: "Done", failed: "Failed", cancelled: "Cancelled" } as const;

const STYLES = sheet(`
  ul { display: grid; gap: 0.6em; }
  li { align-items: center; display: grid; gap: 0.15em 0.6em; grid-template-columns: 1fr auto; }
  .name { font-weight: 600; overflow-wrap: anywhere; }
  progress { accent-color: var(--workroom-accent, #2a5c4e); grid-column: 1 / -1; width: 100%; }
  p { grid-column: 1 / -1; margin: 0; overflow-wrap: anywhere; }
  .failed p { color: var(--workroom-danger, light-dark(#a5281f, #f29b90)); }
  button { cursor: pointer; font: inherit; font-size: 0.875em; }
`);

type Ended = ProjectEvents["task_completed"];

interface Row {
  readonly item: HTMLLIElement;
  readonly name: HTMLElement;
  readonly bar: HTMLProgressElement;
  readonly says: HTMLElement;
  readonly cancel: HTMLButtonElement;
}

/** `analyze_audio` as `Analyze audio`. */
function spelt(type: string): string {
  return type.charAt(0).toUpperCase() + type.slice(1).replaceAll("_", " ");
}

function outcome({ result: { status, error } }: Ended): string {
  return ENDS[status] + (error ? `: ${error}` : "");
}

export class WorkroomTasks extends Piece<Project> {
  private readonly list = make("ul", { "aria-label": "Tasks", part: "list" });
  private readonly none = make("p", { part: "empty" }, make("slot", {}, "No tasks."));
  /** How a task ended, for who does not see it; its progress would be too much. */
  private readonly said = make("p", { class: "unseen", role: "status" });
  /** Rows stay what they are while a task goes on, so that a focused button keeps the focus. */
  private readonly rows = new Map<string, Row>();
  private ended: Ended[] = [];

  constructor() {
    super(STYLES);
    this.root.append(this.list, this.none, this.said);
  }

  protected follow(project: Project): () => void {
    const forget = project.on("task_completed", (task) => {
      const others = this.ended.filter(({ task_id }) => task_id !== task.task_id);
      this.ended = [task, ...others].slice(0, ENDED);
      this.said.textContent = `${spelt(task.task_type)}: ${outcome(task)}`;
      this.drawSoon();
    });
    return () => {
      forget();
      this.ended = [];
      this.rows.clear();
      this.list.replaceChildren();
    };
  }

  protected draw(project: Project): void {
    const { tasks, rights } = project.state;
    const open = [...tasks.values()].filter(({ task_type }) => task_type !== undefined);
    const mayCancel = rights === "edit" || rights === "owner";
    const ids = new Set([...open, ...this.ended].map(({ task_id }) => task_id));
    for (const [id, { item }] of this.rows) {
      if (ids.has(id)) continue;
      item.remove();
      this.rows.delete(id);
    }
    for (const task of open) this.drawOpen(this.row(project, task.task_id), task, mayCancel);
    for (const task of this.ended) this.drawEnded(this.row(project, task.task_id), task);
    this.none.hidden = this.rows.size > 0;
  }

  private row(project: Project, id: string): Row {
    const known = this.rows.get(id);
    if (known) return known;
    const name = make("span", { class: "name", dir: "auto" });
    const bar = make("progress", { max: "100", part: "bar" });
    const says = make("p", { dir: "auto", part: "message" });
    const cancel = make("button", { type: "button", part: "cancel" });
    cancel.addEventListener("click", () => {
      cancel.disabled = true;
      project.request("cancel_task", { task_id: id }).catch((error: unknown) => {
        says.textContent = error instanceof Error ? error.message : String(error);
        cancel.disabled = false;
      });
    });
    const row = {
      item: make("li", { part: "task" }, name, cancel, bar, says),
      name,
      bar,
      says,
      cancel,
    };
    this.rows.set(id, row);
    this.list.prepend(row.item);
    return row;
  }

  private drawOpen(row: Row, task: Task, mayCancel: boolean): void {
    const name = spelt(task.task_type ?? "");
    row.name.textContent = name;
    row.bar.setAttribute("aria-label", name);
    if (task.progress !== undefined) row.bar.value = task.progress;
    const says = task.message ?? "Waiting…";
    if (row.says.textContent !== says) row.says.textContent = says;
    row.cancel.hidden = !mayCancel;
    row.cancel.textContent = "Cancel";
    row.cancel.setAttribute("aria-label", `Cancel ${name}`);
  }

  private drawEnded(row: Row, ended: Ended): void {
    row.name.textContent = spelt(ended.task_type);
    row.item.className = ended.result.status;
    row.bar.remove();
    row.cancel.remove();
    row.says.textContent = outcome(ended);
  }
}

customElements.define("workroom-tasks", WorkroomTasks);

declare global {
  interface HTMLElementTagNameMap {
    "workroom-tasks": WorkroomTasks;
  }
}
