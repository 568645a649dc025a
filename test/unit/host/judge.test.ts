import { createRequire } from "node:module";
import { expect, test } from "vitest";

type Event = readonly [at: number, letter: string, id: string, name?: string];
interface Figures {
  readonly ended: number;
}
interface Tally {
  take(events: readonly Event[], begun: boolean): void;
  restart(): void;
  figures(from: number, to: number): Figures;
}
interface Now {
  readonly now: number;
  readonly since: number;
  readonly next: number | undefined;
  readonly held: boolean;
  readonly waiting: number;
}
const load = createRequire(__filename);
const { Tally } = load("../../../host/app/watch/tally.cjs") as { Tally: new () => Tally };
const { judgeQueue } = load("../../../host/app/watch/judge.cjs") as {
  judgeQueue(
    queue: string,
    before: { recent: Figures; all: Figures } | undefined,
    after: Figures,
    now: Now,
    limits: { failures: number; wait: number },
  ): string | undefined;
};

const SWITCH = 1_000_000;
const NOW = SWITCH + 60_000;

/** Jobs that came every so many milliseconds, waited, ran, and ended as `letter` says. */
interface Load {
  readonly every: number;
  readonly waits: (index: number) => number;
  readonly runs: number;
  readonly name?: string;
  readonly letter?: "c" | "f" | "s";
}

let made = 0;
function events(from: number, to: number, { every, waits, runs, name = "print", letter = "c" }: Load): Event[] {
  const out: Event[] = [];
  for (let at = from, index = 0; at < to; at += every, index++) {
    const id = String(made++);
    const taken = at + waits(index);
    out.push([at, "n", id, name], [at, "w", id]);
    if (taken < to) out.push([taken, "a", id]);
    if (taken + runs < to) out.push([taken + runs, letter, id]);
  }
  return out.sort(([a], [b]) => a - b);
}

const usual: Load = { every: 200, waits: () => 20, runs: 100 };

/** The verdict after a minute of `after`, where it was `before` for an hour until the switch. */
function verdict(before: Load, after: Load, more: { now?: Partial<Now>; wait?: number; bad?: Load } = {}) {
  const tally = new Tally();
  const first = SWITCH - 600_000;
  tally.take(events(first, SWITCH, before), false);
  const past = { recent: tally.figures(SWITCH - 120_000, SWITCH), all: tally.figures(first, SWITCH) };
  tally.restart();
  tally.take(events(SWITCH, NOW, after), true);
  if (more.bad) tally.take(events(SWITCH, NOW, more.bad), true);
  const now = { now: NOW, since: SWITCH, next: undefined, held: false, waiting: 0, ...more.now };
  return judgeQueue("mail", past, tally.figures(SWITCH, NOW), now, { failures: 10, wait: more.wait ?? 5 });
}

const rising = (index: number) => index * 150;

test("a release under which jobs take longer, so that others wait, is slow", () => {
  expect(verdict(usual, { every: 200, waits: rising, runs: 900 })).toMatch(
    /^mail: 95% of the jobs wait up to \d+ s for a worker, before it 0\.0 s; they take 9\.0 times as long$/,
  );
});

test("a release that runs fewer at a time, so that others wait, is slow", () => {
  const before: Load = { every: 50, waits: () => 20, runs: 400 };
  expect(verdict(before, { every: 200, waits: rising, runs: 400 })).toMatch(/; 1\.\d run at a time instead of 8\.\d$/);
});

test("longer waits because more jobs came are nobody's fault", () => {
  expect(verdict(usual, { every: 20, waits: (index) => index * 15, runs: 100 })).toBeUndefined();
});

test("longer waits because other jobs came are nobody's fault", () => {
  expect(verdict(usual, { every: 500, waits: (index) => index * 300, runs: 3_000, name: "report" })).toBeUndefined();
});

test("a backlog from before the switch is nobody's fault", () => {
  const tally = new Tally();
  const jobs = Array.from({ length: 600 }, (_, index) => String(index));
  const at = (index: number) => SWITCH - 10_000 + index * 100;
  const flow = jobs.flatMap((id, index): Event[] => [
    [SWITCH - 10_000, "n", id, "print"],
    [SWITCH - 10_000, "w", id],
    [at(index), "a", id],
    [at(index) + 100, "c", id],
  ]);
  const until = (to: number, from = 0) => flow.filter(([time]) => time >= from && time < to).sort(([a], [b]) => a - b);
  tally.take(until(SWITCH), false);
  const past = { recent: tally.figures(SWITCH - 120_000, SWITCH), all: tally.figures(SWITCH - 10_000, SWITCH) };
  tally.restart();
  tally.take(until(NOW, SWITCH), true);
  const now = { now: NOW, since: SWITCH, next: SWITCH, held: false, waiting: 100 };
  expect(judgeQueue("mail", past, tally.figures(SWITCH, NOW), now, { failures: 10, wait: 5 })).toBeUndefined();
});

test("a queue from which nothing is taken while jobs wait is stuck", () => {
  const none: Load = { every: 200, waits: () => 100_000, runs: 1 };
  const now = { next: SWITCH + 1_000, waiting: 295 };
  expect(verdict(usual, none, { now })).toBe("mail: no job has been taken for 60 s while 295 wait");
  expect(verdict(usual, none, { now: { ...now, held: true } })).toBeUndefined();
  expect(verdict(usual, none, { now, wait: 0 })).toBeUndefined();
});

test("a queue whose jobs last long is not stuck", () => {
  const long: Load = { every: 30_000, waits: () => 20, runs: 25_000 };
  const none: Load = { every: 30_000, waits: () => 100_000, runs: 1 };
  expect(verdict(long, none, { now: { next: SWITCH + 1_000, waiting: 2 } })).toBeUndefined();
});

test("more than a few stalled jobs are too many, unless as many stalled before", () => {
  const stalling = (every: number): Load => ({ every, waits: () => 20, runs: 5_000, letter: "s" });
  expect(verdict(usual, usual, { bad: stalling(10_000) })).toMatch(/^mail: 6 jobs stalled in 60 s, before it 0$/);
  expect(verdict(usual, usual, { bad: stalling(30_000) })).toBeUndefined();
  expect(verdict(stalling(5_000), stalling(5_000))).toBeUndefined();
});

test("failures count by their share of what ended", () => {
  const failing = (every: number): Load => ({ ...usual, every, letter: "f" });
  expect(verdict(usual, usual, { bad: failing(1_000) })).toBe("mail: 60 of 360 attempts failed (17%), before it 0%");
  expect(verdict(usual, usual, { bad: failing(4_000) })).toBeUndefined();
});

test("where nothing is known from before, nothing is compared", () => {
  const tally = new Tally();
  tally.take(events(SWITCH, NOW, { ...usual, letter: "f" }), true);
  const now = { now: NOW, since: SWITCH, next: undefined, held: false, waiting: 0 };
  expect(judgeQueue("mail", undefined, tally.figures(SWITCH, NOW), now, { failures: 10, wait: 5 })).toBeUndefined();
});
