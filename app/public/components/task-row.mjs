import { FINISHED } from "./feed.mjs";
import { badge, bar, el, setText } from "./parts.mjs";
import { textsFor, when } from "./texts.mjs";

/** One task of a list. */
export class TaskRow {
  state = {};
  #host;
  #finished;
  #may = false;
  #name = el("span", { class: "name" });
  #detail = el("span", { class: "detail quiet" });
  #queue = el("td", { role: "cell" });
  #badge = badge();
  #bar = bar();
  #percent = el("span", { class: "quiet percent" });
  #created = el("time", { class: "quiet" });
  #cancel;
  #retry;

  /** @param actions cancel(), retry(); finished(state) when a task that wasn't finished is */
  constructor(host, { cancel, retry, finished }) {
    this.#host = host;
    this.#finished = finished;
    this.#cancel = el("button", { type: "button", hidden: true, onclick: cancel });
    this.#retry = el("button", { type: "button", hidden: true, onclick: retry });
    const cell = (name, ...children) => el("td", { class: name, role: "cell" }, ...children);
    this.element = el(
      "tr",
      { role: "row" },
      cell("task", this.#name, this.#detail),
      this.#queue,
      cell("status", this.#badge.element),
      cell("progress", this.#bar.element, this.#percent),
      cell("created", this.#created),
      cell("actions", this.#cancel, this.#retry),
    );
    this.#queue.className = "queue";
  }

  take(state) {
    const before = this.state;
    this.state = state;
    this.#draw();
    const ended = before.status !== undefined && !FINISHED.has(before.status) && FINISHED.has(state.status);
    if (ended) this.#finished({ ...state });
  }

  allow(may) {
    this.#may = may;
    if (this.state.id) this.#draw();
  }

  #draw() {
    const texts = textsFor(this.#host);
    const { id, type, queue, status, message, error, attempt, attempts, createdAt, cancelRequested } = this.state;
    setText(this.#name, type);
    if (this.#name.title !== id) this.#name.title = id;
    const tries = attempt > 1 && !FINISHED.has(status) ? texts.attempt(attempt, attempts) : "";
    const detail = [tries, error ?? message ?? ""].filter((part) => part !== "").join(" · ");
    setText(this.#detail, detail || id);
    this.#detail.classList.toggle("fault", Boolean(error));
    setText(this.#queue, queue);
    this.#badge.set(status, texts.status[status] ?? status);
    setText(this.#percent, `${this.#bar.set(this.state, `${type}: ${texts.progress}`)} %`);
    setText(this.#created, createdAt ? when(this.#host, createdAt) : "");
    this.#cancel.hidden = !this.#may || FINISHED.has(status);
    this.#cancel.disabled = cancelRequested === true;
    this.#button(this.#cancel, cancelRequested ? texts.cancelling : texts.cancel);
    this.#retry.hidden = !this.#may || (status !== "failed" && status !== "cancelled");
    this.#button(this.#retry, texts.retry);
  }

  /** Twenty buttons named "Cancel" are one to those who hear them: each says what it cancels. */
  #button(button, text) {
    setText(button, text);
    const label = `${text}: ${this.state.type} ${this.state.id}`;
    if (button.ariaLabel !== label) button.ariaLabel = label;
  }
}
