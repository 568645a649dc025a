// What the events of one queue add up to, over any part of the time that was looked at.

/** Ended attempts and waiting times that are kept: enough for every share and percentile, little enough to be sorted each second. */
const KEPT = 20_000;
/** Jobs whose last step is remembered, so that the next one can be measured. */
const JOBS = 50_000;

class Tally {
  /** Steps of jobs that go on: id -> time, in milliseconds. */
  waiting = new Map();
  active = new Map();
  /** The names of jobs: id -> name. Those of one name do the same. */
  names = new Map();
  /** {at, ms}: how long a job waited before it was taken. */
  waits = [];
  /** {at, id, name, ok, ms}: attempts that ended; `ms` is undefined where their begin wasn't seen. */
  attempts = [];
  /** {at, id}: jobs of a worker that was lost or didn't answer. */
  stalls = [];
  /** The newest of jobs that failed for good: id -> time. */
  failedForGood = new Map();

  /**
   * @param {[number, string, string, string?][]} events see round.lua
   * @param {boolean} begun whether only attempts count whose begin was seen: others began under another release
   */
  take(events, begun) {
    for (const [at, letter, id, name] of events) {
      if (letter === "n") remember(this.names, id, name);
      else if (letter === "w") remember(this.waiting, id, at);
      else if (letter === "a") {
        const since = this.waiting.get(id);
        if (since !== undefined) keep(this.waits, { at, ms: at - since });
        this.waiting.delete(id);
        remember(this.active, id, at);
      } else {
        const since = this.active.get(id);
        if (begun && since === undefined) continue;
        if (letter === "s") keep(this.stalls, { at, id });
        else {
          const ms = since === undefined ? undefined : at - since;
          keep(this.attempts, { at, id, name: this.names.get(id), ok: letter === "c", ms });
          if (letter === "f") remember(this.failedForGood, id, at);
        }
        this.active.delete(id);
      }
    }
  }

  /** What ends and fails from here on has to begin from here on. */
  restart() {
    this.active.clear();
    this.failedForGood.clear();
  }

  /** What happened from one time to another, both in milliseconds. */
  figures(from, to) {
    const within = (list) => list.filter(({ at }) => at >= from && at < to);
    const attempts = within(this.attempts);
    const timed = attempts.filter(({ ms }) => ms !== undefined);
    const failed = attempts.filter(({ ok }) => !ok);
    const waits = within(this.waits).map(({ ms }) => ms);
    const running = [...this.active.values()].filter((at) => at < to).map((at) => to - at);
    const span = Math.max(to - Math.max(from, attempts[0]?.at ?? from), 1000);
    return {
      from,
      to,
      ended: attempts.length,
      failed: failed.length,
      failedJobs: new Set(failed.map(({ id }) => id)).size,
      stalledJobs: new Set(within(this.stalls).map(({ id }) => id)).size,
      taken: waits.length,
      waitP95: percentile(waits, 95),
      runP95: percentile(
        timed.map(({ ms }) => ms),
        95,
      ),
      runs: byName(timed),
      /** How many jobs ran at a time, on average. */
      busy: sum([...timed.map(({ ms }) => ms), ...running]) / span,
      lastTaken: this.waits.at(-1)?.at ?? 0,
      lastEnded: this.attempts.at(-1)?.at ?? 0,
    };
  }
}

/** How long the attempts at jobs of each name took: name -> {count, median}, in milliseconds. */
function byName(attempts) {
  const named = Map.groupBy(
    attempts.filter(({ name }) => name !== undefined),
    ({ name }) => name,
  );
  const figures = [...named].map(([name, list]) => {
    const times = list.map(({ ms }) => ms);
    return [name, { count: times.length, median: percentile(times, 50) }];
  });
  return Object.fromEntries(figures);
}

const sum = (list) => list.reduce((total, one) => total + one, 0);

function keep(list, one) {
  list.push(one);
  if (list.length > KEPT) list.splice(0, KEPT / 10);
}

function remember(map, id, at) {
  map.delete(id);
  map.set(id, at);
  if (map.size > JOBS) map.delete(map.keys().next().value);
}

/** The value that so many percent of the list don't exceed; 0 of an empty list. */
function percentile(list, percent) {
  if (list.length === 0) return 0;
  const sorted = Float64Array.from(list).sort();
  return sorted[Math.ceil((percent / 100) * sorted.length) - 1];
}

module.exports = { Tally };
