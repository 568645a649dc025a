// The watch over a new release. Called by watch.sh, with the settings in WATCH_*:
//   before         writes down how queues and processes do before a switch
//   run NEW OLD    watches NEW; exit code 10 when it is to go back
//   sweep NEW FROM TO   copies what still fails of what NEW began between the two (milliseconds), for a while after it went back
const { mkdirSync, readFileSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { setTimeout: sleep } = require("node:timers/promises");
const { Held } = require("./held.cjs");
const { Observer } = require("./observer.cjs");
const { live, usualRestarts } = require("./processes.cjs");
const { Unanswered } = require("./queues.cjs");
const state = require("./state.cjs");
const { Watch } = require("./watch.cjs");

const { WATCH_NAME: name = "", WATCH_STOP_TIMEOUT: stopTimeout = "30" } = process.env;
const number = (key) => Number(process.env[key]);

const settings = {
  name,
  port: number("WATCH_PORT"),
  healthPath: process.env.WATCH_HEALTH_PATH ?? "/",
  seconds: number("WATCH_SECONDS"),
  limits: { failures: number("WATCH_FAILURES"), wait: number("WATCH_WAIT") },
};
const GO_BACK = 10;
/** Milliseconds for which what was read before a switch holds: the gate of a slow release takes its time. */
const FRESH_MS = 15 * 60_000;
const file = join(state.ROOT, `.${name}.before.json`);

/** Redis may be away: then there is nothing to read. */
async function unlessAway(work) {
  await work.catch((error) => {
    if (!(error instanceof Unanswered)) throw error;
  });
}

async function before() {
  // The new side's workers start while this is at work.
  const at = Date.now();
  const observer = new Observer(at);
  const [status] = await Promise.all([live(), unlessAway(observer.begin())]);
  const restarts = status === undefined ? {} : usualRestarts(status, name, settings.seconds);
  mkdirSync(state.ROOT, { recursive: true });
  writeFileSync(file, JSON.stringify({ at, restarts, queues: observer.past(Date.now()) }), { mode: 0o600 });
}

function readBefore() {
  try {
    const known = JSON.parse(readFileSync(file, "utf8"));
    return Date.now() - known.at < FRESH_MS ? known : {};
  } catch {
    return {};
  }
}

async function run(release, old) {
  const watch = new Watch(release, old, settings, readBefore());
  process.once("SIGTERM", () => {
    watch.end("ended", "another change began, or the server was shut down");
    process.exit(0);
  });
  process.exitCode = (await watch.run()) === "going-back" ? GO_BACK : 0;
}

/** The processes of a release that was taken back have until their stop time-out to end what they run. */
async function sweep(release, from, to) {
  const held = new Held(release);
  held.load();
  const observer = new Observer(Number(from), {}, held);
  const end = Date.now() + (Number(stopTimeout) + 5) * 1000;
  await unlessAway(observer.begin());
  for (; Date.now() < end; await sleep(1000)) await unlessAway(observer.round(Number(to)));
}

const [verb, ...args] = process.argv.slice(2);
const verbs = { before, run, sweep };
verbs[verb](...args).catch((error) => {
  console.error(error);
  process.exit(1);
});
