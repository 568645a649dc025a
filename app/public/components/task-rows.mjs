import { el } from "./parts.mjs";
import { TaskRow } from "./task-row.mjs";

/** The rows of a list, kept by the ids of their tasks: what didn't change isn't touched, and the focus stays where it is. */
export class TaskRows {
  element = el("tbody");
  #host;
  #act;
  #rows = new Map();
  #changed = new Map();
  #frame;
  #may = false;

  /** @param act what a button asks for: (row, "cancel" | "retry") */
  constructor(host, act) {
    this.#host = host;
    this.#act = act;
  }

  show(tasks) {
    const gone = new Set(this.#rows.keys());
    let place = this.element.firstChild;
    for (const task of tasks) {
      gone.delete(task.id);
      const row = this.#rows.get(task.id) ?? this.#add(task.id);
      row.take(task);
      if (row.element === place) place = place.nextSibling;
      else this.element.insertBefore(row.element, place);
    }
    for (const id of gone) {
      this.#rows.get(id).element.remove();
      this.#rows.delete(id);
    }
  }

  /** Changes are drawn once for each frame, however fast they come. @returns whether this task is shown */
  change(state) {
    if (!this.#rows.has(state.id)) return false;
    this.#changed.set(state.id, state);
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      for (const [id, changed] of this.#changed) this.#rows.get(id)?.take(changed);
      this.#changed.clear();
    });
    return true;
  }

  allow(may) {
    this.#may = may;
    for (const row of this.#rows.values()) row.allow(may);
  }

  #add(id) {
    const row = new TaskRow(this.#host, {
      cancel: () => this.#act(row, "cancel"),
      retry: () => this.#act(row, "retry"),
      finished: (detail) =>
        this.#host.dispatchEvent(new CustomEvent(`task-${detail.status}`, { detail, bubbles: true, composed: true })),
    });
    row.allow(this.#may);
    this.#rows.set(id, row);
    return row;
  }
}
