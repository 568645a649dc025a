import { ask, base, FINISHED, feedOf } from "./feed.mjs";
import { badge, bar, el, reflect, setText, sheet } from "./parts.mjs";
import { textsFor, when } from "./texts.mjs";

/** Milliseconds between two questions while there are no events. */
const POLL_MS = 2000;

/** Attributes, and what of the state each one stands for. */
const ATTRIBUTES = {
  "task-id": "id",
  status: "status",
  progress: "progress",
  name: "name",
  "created-at": "createdAt",
  "error-message": "error",
  "show-cancel": undefined,
  api: undefined,
};

const own = new CSSStyleSheet();
own.replaceSync(`
article { display: grid; gap: 0.45em; padding: 0.9em 1em; border: 1px solid var(--line); border-radius: 0.7em; background: var(--raised); }
header, footer { display: flex; gap: 0.6em; align-items: center; justify-content: space-between; flex-wrap: wrap; }
.name { font-weight: 600; overflow-wrap: anywhere; }
p { margin: 0; }
`);

/**
 * How far one task has come: `<task-progress task-id="..." show-cancel>`. Its attributes are what is known at first; from
 * then on it follows the API (`api`, default /api/tasks) by itself until the task is finished. The attributes are
 * properties too: taskId, createdAt ...
 *
 * Events, all with the task's state as `detail`: task-completed, task-cancelled, task-failed.
 */
export class TaskProgress extends HTMLElement {
  static observedAttributes = Object.keys(ATTRIBUTES);
  #state = {};
  #told;
  /** Not isConnected: that is true already while the attributes of a page's element are read one by one. */
  #isShown = false;
  #stop;
  #poll;
  #asking = false;
  #fault = "";
  #name = el("span", { class: "name" });
  #badge = badge();
  #bar = bar();
  #percent = el("span", { class: "quiet" });
  #message = el("p", { class: "quiet" });
  #created = el("time", { class: "quiet" });
  #error = el("p", { class: "fault", role: "alert" });
  #announced = el("p", { class: "hidden", role: "status" });
  #cancel = el("button", { type: "button", onclick: () => this.cancel() });

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet, own];
    root.append(
      el(
        "article",
        {},
        el("header", {}, this.#name, this.#badge.element),
        this.#bar.element,
        this.#message,
        this.#error,
        el("footer", {}, el("span", {}, this.#percent, " ", this.#created), this.#cancel),
        this.#announced,
      ),
    );
  }

  connectedCallback() {
    this.#isShown = true;
    this.#told = FINISHED.has(this.#state.status);
    this.#draw();
    this.#follow();
  }

  disconnectedCallback() {
    this.#isShown = false;
    this.#end();
  }

  attributeChangedCallback(attribute, before, value) {
    if (before === value) return;
    const field = ATTRIBUTES[attribute];
    if (field === "id") this.#state = this.#given();
    else if (field) this.#state = { ...this.#state, [field]: value ?? undefined };
    if (!this.#isShown) return;
    if (field === "id" || attribute === "api") {
      this.#told = false;
      this.#follow();
    } else if (FINISHED.has(this.#state.status)) this.#finish();
    this.#draw();
  }

  /** Asks for the task to be cancelled; its own button does the same. */
  async cancel() {
    this.#cancel.disabled = true;
    this.#fault = "";
    try {
      const answer = await ask(`${this.#url()}/cancel/`, { method: "POST" });
      this.#take({ cancelRequested: true, ...answer });
    } catch (error) {
      this.#fault = error.status === 0 ? textsFor(this).offline : error.message;
      // It may have ended meanwhile.
      if (error.status === 409) await this.#ask();
    } finally {
      this.#draw();
    }
  }

  #url() {
    return `${base(this.api || "/api/tasks")}/${encodeURIComponent(this.taskId)}`;
  }

  #given() {
    const known = Object.entries(ATTRIBUTES).filter(([name, field]) => field && this.hasAttribute(name));
    return Object.fromEntries(known.map(([name, field]) => [field, this.getAttribute(name)]));
  }

  #follow() {
    this.#end();
    if (!this.taskId || FINISHED.has(this.#state.status)) return;
    const feed = feedOf(base(this.api || "/api/tasks"));
    // A change that came while there was no connection is asked for.
    const onLive = () => this.#ask();
    this.#stop = feed.listen({ task: (state) => state.id === this.taskId && this.#take(state), live: onLive });
    this.#poll = setInterval(() => feed.live || this.#ask(), POLL_MS);
    this.#ask();
  }

  #end() {
    this.#stop?.();
    this.#stop = undefined;
    clearInterval(this.#poll);
  }

  async #ask() {
    if (this.#asking) return;
    this.#asking = true;
    const id = this.taskId;
    try {
      const state = await ask(`${this.#url()}/status/`);
      this.#fault = "";
      if (id === this.taskId) this.#take(state);
    } catch (error) {
      this.#fault = error.status === 0 ? textsFor(this).offline : error.message;
      this.#draw();
    } finally {
      this.#asking = false;
    }
  }

  #take(state) {
    // An answer that was under way while an event came may be older than it.
    if (FINISHED.has(this.#state.status) && !FINISHED.has(state.status)) return;
    // What the attributes said stays; what a run before said doesn't.
    this.#state = { ...this.#state, message: undefined, error: undefined, cancelRequested: undefined, ...state };
    if (FINISHED.has(this.#state.status)) this.#finish();
    this.#draw();
  }

  #finish() {
    this.#end();
    if (this.#told) return;
    this.#told = true;
    const detail = { ...this.#state };
    this.dispatchEvent(new CustomEvent(`task-${detail.status}`, { detail, bubbles: true, composed: true }));
  }

  #draw() {
    const texts = textsFor(this);
    const { type, status = "waiting", message, createdAt, error, cancelRequested } = this.#state;
    const name = this.#state.name ?? type ?? this.taskId ?? "";
    const word = texts.status[status] ?? status;
    setText(this.#name, name);
    this.#badge.set(status, word);
    setText(this.#percent, `${this.#bar.set(this.#state, `${name}: ${texts.progress}`)} %`);
    setText(this.#message, message ?? "");
    this.#message.hidden = !message;
    setText(this.#created, createdAt ? when(this, createdAt) : "");
    const fault = this.#fault || (status === "failed" || status === "waiting" ? (error ?? "") : "");
    setText(this.#error, fault);
    this.#error.hidden = !fault;
    setText(this.#announced, this.#state.status ? texts.is(name, word) : "");
    this.#cancel.hidden = !this.showCancel || FINISHED.has(status);
    this.#cancel.disabled = cancelRequested === true;
    setText(this.#cancel, cancelRequested ? texts.cancelling : texts.cancel);
  }
}

reflect(TaskProgress, Object.keys(ATTRIBUTES), ["show-cancel"]);
if (!customElements.get("task-progress")) customElements.define("task-progress", TaskProgress);
