// One queue, as the watch sees it from round to round.
const { Tally } = require("./tally.cjs");

/** Milliseconds that count as "just now": how the queue did right before the switch, and does now. */
const RECENT_MS = 120_000;

class WatchedQueue {
  tally = new Tally();
  /** Figures under the release before: see `judgeQueue`; undefined where its events tell of no job. */
  before;
  /** The newest event that was read. */
  last = "0";
  failedAfter = 0;
  /** The job that is to be taken next, and since when it has waited as far as is known. */
  next = { id: undefined, since: 0 };
  /** Whether no job may be taken now: it is paused, or at its rate limit. */
  held = false;
  waiting = 0;
  /** Whether failed jobs of it were gone before they could be copied. */
  lossy = false;

  /** @param key its prefix and name, as in Redis */
  constructor(database, key) {
    this.database = database;
    this.key = key;
    const at = key.lastIndexOf(":");
    this.prefix = key.slice(0, at);
    this.name = key.slice(at + 1);
  }

  /** Takes what the stream still had of the time before the switch. */
  begin({ events, last }, since, known, from) {
    this.tally.take(events, false);
    this.before = known ?? this.past(since);
    this.tally.restart();
    this.last = last ?? `${since - 1}-0`;
    this.failedAfter = from;
  }

  /** How it did up to a time; undefined where no attempt has ended. */
  past(until) {
    const first = this.tally.attempts[0]?.at;
    if (first === undefined) return undefined;
    return { recent: this.tally.figures(until - RECENT_MS, until), all: this.tally.figures(first, until) };
  }

  take({ events, last, next, held, waiting }, now) {
    this.tally.take(events, true);
    this.last = last ?? this.last;
    if (next !== this.next.id) this.next = { id: next, since: this.tally.waiting.get(next) ?? now };
    this.held = held;
    this.waiting = waiting;
  }

  figures(since, now) {
    return this.tally.figures(Math.max(since, now - RECENT_MS), now + 1);
  }
}

module.exports = { WatchedQueue };
