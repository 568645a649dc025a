// Jobs that failed for good under a release are copied while they are there, so that they can be run again under another.
const { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } = require("node:fs");
const { join } = require("node:path");

/** Where a job's data may be anybody's: for root alone. */
const ROOT = process.env.WATCH_REPLAY ?? "/var/lib/queuehost.d/replay";
const MOST_JOBS = 10_000;
const MOST_BYTES = 100e6;
/** Jobs that may fail next: their copies are kept in memory. */
const MOST_DOUBTFUL = 2_000;

class Held {
  /** Keys of the jobs that are on the disk, with when they failed. */
  copied = new Set();
  ids = new Set();
  doubtful = new Map();
  /** Jobs that failed, and of which no copy could be had. */
  lost = new Set();
  bytes = 0;
  full = false;

  constructor(release) {
    this.folder = join(ROOT, release);
  }

  /**
   * @param queue WatchedQueue
   * @param seen {failed, doubtful}: see round.lua
   * @param from,to the times in milliseconds between which an attempt has to have begun to be the release's
   */
  take(queue, { failed, doubtful }, from, to) {
    const ours = ({ hash }) => Number(hash.processedOn ?? 0) >= from && Number(hash.processedOn ?? 0) < to;
    for (const job of failed.filter(ours)) this.copy(queue, job);
    for (const job of doubtful.filter(ours)) {
      const key = keyOf(queue, job.id);
      this.doubtful.delete(key);
      this.doubtful.set(key, job);
      if (this.doubtful.size > MOST_DOUBTFUL) this.doubtful.delete(this.doubtful.keys().next().value);
    }
    const latest = failed.at(-1);
    // Those that failed in the same millisecond come once more, and are known then.
    if (latest) queue.failedAfter = Math.max(queue.failedAfter, Number(latest.hash.finishedOn ?? 0));
    this.find(queue);
  }

  /** What failed by its events and isn't there any more: removeOnFail took it. */
  find(queue) {
    for (const [id, at] of queue.tally.failedForGood) {
      const key = keyOf(queue, id);
      if (this.ids.has(key) || this.lost.has(key) || Date.now() - at < 2_000) continue;
      const job = this.doubtful.get(key);
      if (job) this.copy(queue, { id, hash: { ...job.hash, finishedOn: String(at) } });
      else {
        this.lost.add(key);
        queue.lossy = true;
      }
    }
  }

  copy(queue, { id, hash }) {
    const key = keyOf(queue, id);
    if (this.copied.has(`${key} ${hash.finishedOn}`)) return;
    const { database, prefix, name } = queue;
    const line = `${JSON.stringify({ database, prefix, queue: name, id, ...hash })}\n`;
    if (this.ids.size >= MOST_JOBS || this.bytes + line.length > MOST_BYTES) {
      this.full = true;
      this.lost.add(key);
      return;
    }
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    appendFileSync(join(this.folder, "jobs.jsonl"), line, { mode: 0o600 });
    this.bytes += Buffer.byteLength(line);
    this.copied.add(`${key} ${hash.finishedOn}`);
    this.ids.add(key);
    this.lost.delete(key);
  }

  /** Goes on where another process has ended. */
  load() {
    const file = join(this.folder, "jobs.jsonl");
    const text = existsSync(file) ? readFileSync(file, "utf8") : "";
    for (const line of text.split("\n").filter((one) => one.endsWith("}"))) {
      const { database, prefix, queue, id, finishedOn } = JSON.parse(line);
      const key = keyOf({ database, key: `${prefix}:${queue}` }, id);
      this.copied.add(`${key} ${finishedOn}`);
      this.ids.add(key);
    }
    this.bytes = Buffer.byteLength(text);
  }

  /** The release stays: what failed is nobody's to run again. */
  discard() {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const keyOf = ({ database, key }, id) => `${database} ${key} ${id}`;

module.exports = { Held };
