import { ask, base, feedOf, roleAt } from "./feed.mjs";
import { el, fill, reflect, setText, sheet } from "./parts.mjs";
import { listSheet } from "./task-list-style.mjs";
import { TaskRows } from "./task-rows.mjs";
import { textsFor } from "./texts.mjs";

const ATTRIBUTES = ["heading", "api-endpoint", "auto-refresh", "refresh-interval", "status", "queue", "limit"];
const STATUSES = ["scheduled", "waiting", "active", "completed", "failed", "cancelled"];
const DEFAULT_REFRESH_MS = 5000;
/** Milliseconds between two questions for the list, however many events come. */
const PACE_MS = 1000;

/**
 * The tasks of the API (`api-endpoint`, default /api/tasks), newest first, with filters, pages, cancel and retry for those
 * who may. With `auto-refresh` it is live: by events, and every `refresh-interval` milliseconds (5000) without them. `status`,
 * `queue` and `limit` (50, at most 500) are what it shows at first.
 *
 * Events, with the task's state as `detail`: task-completed, task-cancelled, task-failed.
 */
export class TaskList extends HTMLElement {
  static observedAttributes = ATTRIBUTES;
  #rows = new TaskRows(this, (row, what) => this.#act(row, what));
  #offset = 0;
  #total = 0;
  #asked = 0;
  /** Not isConnected: that is true already while the attributes of a page's element are read one by one. */
  #isShown = false;
  #stop;
  #timer;
  #soon;
  #heading = el("h2");
  #live = el("span", { class: "quiet live" });
  #status = el("select", { onchange: () => this.setAttribute("status", this.#status.value) });
  #queue = el("select", { onchange: () => this.setAttribute("queue", this.#queue.value) });
  #statusLabel = el("span");
  #queueLabel = el("span");
  #refresh = el("button", { type: "button", onclick: () => this.refresh() });
  #fault = el("p", { class: "fault", role: "alert", hidden: true });
  #said = el("p", { class: "hidden", role: "status" });
  #head = el("tr");
  #none = el("p", { class: "quiet", hidden: true });
  #range = el("span", { class: "quiet" });
  #before = el("button", { type: "button", onclick: () => this.#turn(-1) }, "‹");
  #after = el("button", { type: "button", onclick: () => this.#turn(1) }, "›");

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet, listSheet];
    root.append(
      el(
        "header",
        {},
        this.#heading,
        this.#live,
        el("label", {}, this.#statusLabel, " ", this.#status),
        el("label", {}, this.#queueLabel, " ", this.#queue),
        this.#refresh,
      ),
      this.#fault,
      this.#said,
      el("table", {}, el("thead", {}, this.#head), this.#rows.element),
      this.#none,
      el("footer", {}, this.#range, el("span", { class: "pages" }, this.#before, this.#after)),
    );
  }

  connectedCallback() {
    this.#isShown = true;
    this.#drawFrame();
    this.#follow();
  }

  disconnectedCallback() {
    this.#isShown = false;
    this.#end();
  }

  attributeChangedCallback(name, before, value) {
    if (before === value || !this.#isShown) return;
    if (name === "api-endpoint") this.#rows.show([]);
    if (["status", "queue", "limit", "api-endpoint"].includes(name)) this.#offset = 0;
    this.#drawFrame();
    this.#follow();
  }

  /** Asks for the list now. */
  async refresh() {
    const asked = ++this.#asked;
    try {
      const query = this.#query();
      const { tasks, total } = await ask(`${this.#api()}/?${query}`);
      // A later question has been asked since: this answer may be to another filter.
      if (asked !== this.#asked) return;
      this.#total = total;
      if (tasks.length === 0 && this.#offset > 0) return await this.#turn(-1);
      this.#say("");
      this.#show(tasks);
    } catch (error) {
      if (asked === this.#asked) this.#say(this.#describe(error));
    }
  }

  #api() {
    return base(this.apiEndpoint || "/api/tasks");
  }

  #limit() {
    const wanted = Number(this.limit);
    return Number.isInteger(wanted) && wanted >= 1 ? Math.min(wanted, 500) : 50;
  }

  #query() {
    const query = new URLSearchParams({ limit: String(this.#limit()), offset: String(this.#offset) });
    for (const name of ["status", "queue"]) {
      if (this[name]) query.set(name, this[name]);
    }
    return query;
  }

  #describe(error) {
    if (error.status === 0) return textsFor(this).offline;
    return error.status === 401 ? textsFor(this).login : error.message;
  }

  #follow() {
    this.#end();
    const api = this.#api();
    this.refresh();
    roleAt(api).then((role) => this.#rows.allow(role === "operator"));
    ask(new URL("../queues/", `${api}/`).href).then(
      ({ queues }) =>
        fill(
          this.#queue,
          this.queue,
          textsFor(this).all,
          queues.map(({ name }) => [name, name]),
        ),
      () => {},
    );
    if (!this.autoRefresh) return;
    const feed = feedOf(api);
    const interval = Number(this.refreshInterval) || DEFAULT_REFRESH_MS;
    this.#stop = feed.listen({
      task: (state) => this.#change(state),
      live: (live) => {
        this.#drawLive(live);
        if (live) this.#refreshSoon();
      },
    });
    this.#timer = setInterval(() => feed.live || document.hidden || this.refresh(), interval);
    this.#drawLive(feed.live);
  }

  #end() {
    this.#stop?.();
    this.#stop = undefined;
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    this.#soon = undefined;
    this.#live.hidden = true;
  }

  #change(state) {
    const isShown = this.#rows.change(state);
    const fits = this.#fits(state);
    if (isShown ? !fits : fits && this.#offset === 0) this.#refreshSoon();
  }

  #fits({ status, queue }) {
    return (this.status === "" || this.status.split(",").includes(status)) && ["", queue].includes(this.queue);
  }

  #refreshSoon() {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.refresh();
    }, PACE_MS);
  }

  #show(tasks) {
    const texts = textsFor(this);
    this.#rows.show(tasks);
    this.#none.hidden = tasks.length > 0;
    setText(this.#none, texts.none);
    const last = this.#offset + tasks.length;
    setText(this.#range, tasks.length > 0 ? texts.range(this.#offset + 1, last, this.#total) : "");
    this.#before.disabled = this.#offset === 0;
    this.#after.disabled = last >= this.#total;
  }

  async #act(row, what) {
    const { id, type } = row.state;
    try {
      const answer = await ask(`${this.#api()}/${encodeURIComponent(id)}/${what}/`, { method: "POST" });
      const texts = textsFor(this);
      const cancelled = answer?.status === "cancelled" ? texts.cancelled(type) : texts.cancelRequested(type);
      this.#say("");
      setText(this.#said, what === "retry" ? texts.retried(type) : cancelled);
    } catch (error) {
      this.#say(this.#describe(error));
      return;
    }
    await this.refresh();
  }

  #say(fault) {
    setText(this.#fault, fault);
    this.#fault.hidden = fault === "";
  }

  async #turn(pages) {
    this.#offset = Math.max(0, this.#offset + pages * this.#limit());
    await this.refresh();
  }

  #drawLive(live) {
    const texts = textsFor(this);
    this.#live.hidden = false;
    this.#live.dataset.live = String(live);
    setText(this.#live, live ? texts.live : texts.polling);
  }

  #drawFrame() {
    const texts = textsFor(this);
    setText(this.#heading, this.getAttribute("heading") ?? texts.tasks);
    this.#heading.hidden = this.getAttribute("heading") === "";
    setText(this.#statusLabel, texts.state);
    setText(this.#queueLabel, texts.queue);
    setText(this.#refresh, texts.refresh);
    this.#before.ariaLabel = texts.earlier;
    this.#after.ariaLabel = texts.later;
    fill(
      this.#status,
      this.status,
      textsFor(this).all,
      STATUSES.map((status) => [status, texts.status[status]]),
    );
    if (this.#queue.options.length === 0) fill(this.#queue, this.queue, texts.all, []);
    this.#queue.value = this.queue;
    const columns = [texts.task, texts.queue, texts.state, texts.progress, texts.created];
    this.#head.replaceChildren(
      ...columns.map((name) => el("th", { scope: "col" }, name)),
      el("th", { scope: "col" }, el("span", { class: "hidden" }, texts.actions)),
    );
  }
}

reflect(TaskList, ATTRIBUTES, ["auto-refresh"]);
if (!customElements.get("task-list")) customElements.define("task-list", TaskList);
