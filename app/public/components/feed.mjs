/**
 * What the components of a page have in common: how they ask the task API, and one connection to its events, however many
 * components there are (a browser opens six to a host, and no more).
 */

const SILENCE_MS = 30_000;
const RETRY_MS = [500, 1000, 2000, 5000, 10_000];

export const FINISHED = new Set(["completed", "failed", "cancelled"]);

/** What the server refused, or that it didn't answer (status 0). */
export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** The API's address without a slash at its end. */
export const base = (api) => new URL(api, document.baseURI).href.replace(/\/+$/, "");

/**
 * Asks for JSON. A body is sent as JSON.
 *
 * @throws Refused with the detail of the problem, and the faults with their paths
 */
export async function ask(url, { method = "GET", body } = {}) {
  const answer = await fetch(url, {
    method,
    credentials: "same-origin",
    headers: { accept: "application/json", ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new Refused(0, "");
  });
  const content = await answer.json().catch(() => undefined);
  if (answer.ok) return content;
  throw new Refused(answer.status, describe(content) ?? `${answer.status} ${answer.statusText}`);
}

function describe(problem) {
  const faults = (problem?.errors ?? []).map(({ path, message }) => (path ? `${path}: ${message}` : message));
  return faults.length > 0 ? faults.join("; ") : problem?.detail;
}

/** The events of one API: tasks as they change, and whether the connection stands. */
class Feed {
  #url;
  #listeners = new Set();
  #source;
  #timer;
  #failures = 0;
  live = false;

  constructor(url) {
    this.#url = url;
    document.addEventListener("visibilitychange", () => this.#adjust());
  }

  /** @param listener {task(state), live(isLive)} @returns what ends it */
  listen(listener) {
    this.#listeners.add(listener);
    this.#adjust();
    return () => {
      this.#listeners.delete(listener);
      this.#adjust();
    };
  }

  /** A page that nobody sees holds no connection: tabs share the few that there are. */
  #adjust() {
    const wanted = this.#listeners.size > 0 && document.visibilityState === "visible";
    if (wanted && !this.#source && !this.#timer) this.#open();
    if (!wanted) this.#close();
  }

  #open() {
    const source = new EventSource(this.#url);
    this.#source = source;
    this.#watch();
    source.addEventListener("open", () => {
      this.#failures = 0;
      this.#watch();
      this.#tell(true);
    });
    source.addEventListener("heartbeat", () => this.#watch());
    source.addEventListener("task", ({ data }) => {
      this.#watch();
      const state = JSON.parse(data);
      for (const listener of [...this.#listeners]) listener.task(state);
    });
    source.addEventListener("error", () => this.#again());
  }

  /** EventSource gives up at an answer that is no stream (a proxy's 502), and doesn't notice a line that went silent. */
  #again() {
    this.#close();
    const pause = RETRY_MS[Math.min(this.#failures++, RETRY_MS.length - 1)];
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#adjust();
    }, pause);
  }

  #watch() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#again(), SILENCE_MS);
  }

  #close() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#source?.close();
    this.#source = undefined;
    this.#tell(false);
  }

  #tell(live) {
    if (this.live === live) return;
    this.live = live;
    for (const listener of [...this.#listeners]) listener.live(live);
  }
}

const feeds = new Map();

/** The events of the task API at this address (as `base` gives it). */
export function feedOf(api) {
  const url = `${api}/events/`;
  if (!feeds.has(url)) feeds.set(url, new Feed(url));
  return feeds.get(url);
}

/** What somebody who isn't logged in, a viewer or an operator may do; asked once for each API. */
const roles = new Map();
export function roleAt(api) {
  const url = new URL("../session/", `${api}/`).href;
  if (!roles.has(url)) {
    const role = ask(url).then((session) => session.role);
    roles.set(url, role);
    role.catch(() => roles.delete(url));
  }
  return roles.get(url).catch(() => undefined);
}

/** Somebody logged in or out: what was known of roles isn't true any more. */
export const forgetRoles = () => roles.clear();
