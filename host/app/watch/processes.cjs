// The processes of the application: how often they ended, and whether the backend is healthy.
const { execFile } = require("node:child_process");
const { promisify } = require("node:util");

const RELEASE = process.env.WATCH_RELEASE ?? "/opt/queuehost/app/release";

/** What is live: {release, since, instances: {name, restarts, ended}}; undefined where that can't be said now. */
async function live() {
  try {
    const { stdout } = await promisify(execFile)(RELEASE, ["status"], { timeout: 10_000 });
    return parse(stdout);
  } catch {
    return undefined;
  }
}

function parse(text) {
  const lines = text.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
  const value = (key) => lines.find(([name]) => name === key)?.[1] ?? "";
  const instances = lines
    .filter(([name]) => name === "instance")
    .map(([, words]) => {
      const [name = "", , , restarts = "0", , ...ended] = words.split(/\s+/);
      return { name: name.replace(/\.service$/, ""), restarts: Number(restarts) || 0, ended: ended.join(" ") };
    });
  return { release: value("release"), since: Number(value("since")) || 0, instances };
}

/** `intranet-backend@b2` -> `backend`: what an instance is of, whatever its side. */
const processOf = (instance, name) => instance.slice(name.length + 1).replace(/@.*/, "");

/** Restarts of each process that are to be expected in a span of seconds, going by those that it had: process -> number. */
function usualRestarts({ since, instances }, name, span, now = Date.now() / 1000) {
  const age = Math.max(now - since, span);
  const usual = {};
  for (const instance of instances) {
    const process = processOf(instance.name, name);
    usual[process] = Math.max(usual[process] ?? 0, Math.floor((instance.restarts * span) / age));
  }
  return usual;
}

/** Whether a backend's instance answers 200 to 399 on its own port. */
async function healthy(instance, port, path) {
  const [, side = "a", number = "1"] = /@([ab])(\d+)$/.exec(instance) ?? [];
  const url = `http://127.0.0.1:${port + (side === "b" ? 8 : 0) + Number(number) - 1}${path}`;
  try {
    const { status } = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(2_000) });
    return status >= 200 && status < 400;
  } catch {
    return false;
  }
}

/** Milliseconds between two questions for the processes: the answer takes several programs. */
const PACE_MS = 3_000;

class Processes {
  instances = [];
  asked = 0;
  /** Since when each backend has been unhealthy: name -> milliseconds. */
  unhealthy = new Map();

  /** @param usual restarts of each process under the release before, in as much time */
  constructor({ name, port, healthPath }, usual = {}) {
    Object.assign(this, { name, port, healthPath, usual });
  }

  /** @returns the release that is in service, where it is another one than this */
  async look(release) {
    if (Date.now() - this.asked >= PACE_MS) {
      this.asked = Date.now();
      const now = await live();
      if (now !== undefined && now.release !== release) return now.release;
      this.instances = now?.instances ?? this.instances;
    }
    await Promise.all(this.backends().map((instance) => this.lookAt(instance)));
    return undefined;
  }

  backends() {
    return this.instances.map(({ name }) => name).filter((name) => processOf(name, this.name) === "backend");
  }

  async lookAt(instance) {
    const started = Date.now();
    if (await healthy(instance, this.port, this.healthPath)) this.unhealthy.delete(instance);
    else this.unhealthy.set(instance, this.unhealthy.get(instance) ?? started);
  }

  /** What is judged: see `judgeProcesses`. */
  figures(now) {
    return this.instances.map(({ name, restarts, ended }) => ({
      name,
      restarts,
      ended,
      before: this.usual[processOf(name, this.name)] ?? 0,
      unhealthy: this.unhealthy.has(name) ? now - this.unhealthy.get(name) : 0,
    }));
  }
}

module.exports = { Processes, live, usualRestarts };
