// All queues of the application's Redis, whatever their prefix, found as they come and read from round to round.
const queues = require("./queues.cjs");
const { WatchedQueue } = require("./queue.cjs");

/** Events of the time before: as many as BullMQ keeps of a queue by default. */
const PAST_EVENTS = 10_000;
/** Events of one round, of all queues together: of more, the newest. It keeps Redis busy for some 10 ms. */
const ROUND_EVENTS = 5_000;
/** Bytes of failed jobs that one round copies. */
const ROUND_BYTES = 2e6;
/** Milliseconds for the first look through all keys. What it doesn't reach is found while the watch goes on. */
const SEARCH_MS = 5_000;

class Observer {
  /** "database key" -> WatchedQueue */
  queues = new Map();
  /** Where the search through the keys of each database stands. */
  cursors = new Map();

  /**
   * @param since the time of the switch, in milliseconds
   * @param known figures of before the switch, by the same keys as `queues`, where they were read then
   * @param held Held
   * @param from the time from which on failed jobs are held: the new side takes jobs before it has the traffic
   */
  constructor(since, known = {}, held = undefined, from = since) {
    this.since = since;
    this.from = from;
    this.known = known;
    this.held = held;
  }

  /** Finds the queues, and reads what their events tell of the time before the switch. */
  async begin() {
    const end = Date.now() + SEARCH_MS;
    for (const database of await queues.databases()) {
      do await this.search(database);
      while (this.cursors.get(database) !== "0" && Date.now() < end);
    }
  }

  async search(database) {
    const { scan, found } = await queues.look(database, { scan: this.cursors.get(database) ?? "0", queues: [] });
    this.cursors.set(database, scan);
    for (const key of found) await this.add(database, key);
  }

  async add(database, key) {
    const id = `${database} ${key}`;
    if (this.queues.has(id)) return;
    const queue = new WatchedQueue(database, key);
    this.queues.set(id, queue);
    const ask = { key, after: "0", before: `(${this.since}-0`, count: PAST_EVENTS };
    const answer = await queues.look(database, { queues: [ask] });
    queue.begin(answer.queues[0], this.since, this.known[id], this.from);
  }

  /** @param to jobs whose last attempt began at this time or later aren't this release's */
  async round(to = Number.POSITIVE_INFINITY) {
    for (const database of await queues.databases()) await this.search(database);
    const count = Math.max(200, Math.floor(ROUND_EVENTS / Math.max(this.queues.size, 1)));
    for (const [database, list] of this.byDatabase()) {
      const ask = list.map(({ key, last, failedAfter, lossy }) => ({
        key,
        after: last,
        count,
        failedAfter: String(failedAfter),
        active: lossy,
      }));
      const { now, queues: seen } = await queues.look(database, { queues: ask, bytes: ROUND_BYTES });
      for (const [index, one] of seen.entries()) {
        list[index].take(one, now);
        this.held?.take(list[index], one, this.from, to);
      }
    }
  }

  byDatabase() {
    return Map.groupBy(this.queues.values(), ({ database }) => database);
  }

  /** How each queue did up to now. */
  past(now) {
    const figures = [...this.queues].map(([id, queue]) => [id, queue.past(now)]);
    return Object.fromEntries(figures.filter(([, past]) => past !== undefined));
  }
}

module.exports = { Observer };
