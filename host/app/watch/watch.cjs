// One watch, from the switch to its verdict.
const { setTimeout: sleep } = require("node:timers/promises");
const { Held } = require("./held.cjs");
const { judgeProcesses, judgeQueue } = require("./judge.cjs");
const { Observer } = require("./observer.cjs");
const { Processes } = require("./processes.cjs");
const { Unanswered } = require("./queues.cjs");
const state = require("./state.cjs");

const ROUND_MS = 1_000;
/** Milliseconds between two lines in the journal while all is well. */
const REPORT_MS = 30_000;

class Watch {
  verdict = "running";
  why = "";
  redis = true;

  /**
   * @param old the release to go back to
   * @param settings {name, port, healthPath, seconds, limits: {failures, wait}}
   * @param before {at, restarts, queues}: what was read before the new side was started, which takes jobs from then on; whatever is
   *   missing is read from the streams
   */
  constructor(release, old, settings, before, since = Date.now()) {
    this.release = release;
    this.old = old;
    this.settings = settings;
    this.since = since;
    this.until = since + settings.seconds * 1000;
    this.held = new Held(release);
    this.from = before.at ?? since;
    this.observer = new Observer(since, before.queues, this.held, this.from);
    this.processes = new Processes(settings, before.restarts);
  }

  /** @returns the verdict: passed, going-back or ended */
  async run() {
    this.save();
    await this.look(() => this.observer.begin());
    this.say(`watching release ${this.release} for ${this.settings.seconds} s, beside ${this.old}: ${this.summary()}`);
    let reported = Date.now();
    while (this.verdict === "running") {
      const started = Date.now();
      await this.round();
      if (this.verdict === "running" && Date.now() >= this.until) this.end("passed", this.summary());
      this.save();
      if (Date.now() - reported >= REPORT_MS) {
        reported = Date.now();
        this.say(this.summary());
      }
      if (this.verdict === "running") await sleep(Math.max(100, started + ROUND_MS - Date.now()));
    }
    return this.verdict;
  }

  async round() {
    await this.look(() => this.observer.round());
    const now = Date.now();
    const other = await this.processes.look(this.release);
    if (other !== undefined) return this.end("ended", `release ${other} is in service`);
    const why = judgeProcesses(this.processes.figures(now), this.redis) ?? this.worseQueue(now);
    if (why !== undefined) this.end("going-back", why);
  }

  worseQueue(now) {
    for (const queue of this.observer.queues.values()) {
      const { before, next, held, waiting } = queue;
      const times = { now, since: this.since, next: next.id === undefined ? undefined : next.since, held, waiting };
      const why = judgeQueue(queue.name, before, queue.figures(this.since, now), times, this.settings.limits);
      if (why !== undefined) return why;
    }
    return undefined;
  }

  /** Redis may be away for a while; what it has kept is read when it is back. */
  async look(work) {
    try {
      await work();
      if (!this.redis) this.say("Redis answers again");
      this.redis = true;
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      if (this.redis) this.say(`Redis doesn't answer: ${error.message}`);
      this.redis = false;
    }
  }

  end(verdict, why) {
    if (this.verdict !== "running") return;
    this.verdict = verdict;
    this.why = why;
    this.until = Date.now();
    if (verdict === "passed") this.held.discard();
    this.say(`${verdict === "going-back" ? "going back" : verdict}: ${why}`);
    this.save();
  }

  summary() {
    const { queues, ended, failed, stalled } = this.sums();
    if (!this.redis) return "Redis doesn't answer: of the queues nothing is known";
    return `${queues} queues, ${ended} attempts ended, ${failed} of them failed, ${stalled} jobs stalled`;
  }

  sums() {
    const figures = [...this.observer.queues.values()].map(({ tally }) => tally.figures(this.since, Date.now() + 1));
    const sum = (key) => figures.reduce((total, one) => total + one[key], 0);
    return { queues: figures.length, ended: sum("ended"), failed: sum("failed"), stalled: sum("stalledJobs") };
  }

  save() {
    const { release, old, verdict, why, held } = this;
    const [since, until] = [this.since, this.until].map((ms) => Math.round(ms / 1000));
    const [kept, lost] = [held.ids.size, held.lost.size];
    state.write(this.settings.name, {
      ...{ release, before: old, since, from: this.from, until, verdict, why, held: kept, lost },
      ...(held.full ? { full: "yes" } : {}),
      ...this.sums(),
    });
  }

  say(line) {
    console.log(line);
  }
}

module.exports = { Watch };
