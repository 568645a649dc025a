import { expect, test } from "vitest";
import { faultsOf, isForWantOfOthers, isIdle, type Report } from "../../../../scripts/rehearsal/report";
import { reportInWords } from "../../../../scripts/rehearsal/report-words";
import { type Outcome, Tally } from "../../../../scripts/rehearsal/tally";

const outcome = (more: Partial<Outcome> = {}): Outcome => ({
  queue: "bull:mail",
  jobs: { wait: 0, active: 0, prioritized: 0, delayed: 0, failed: 0, completed: 0 },
  before: {},
  completed: 0,
  failed: 0,
  again: 0,
  cut: false,
  paused: false,
  reasons: [],
  ...more,
});
const reason = (reason: string, count: number, again = false) => ({ name: "send", reason, again, count });

test.each([
  ["connect ECONNREFUSED 10.0.0.1:5432", false],
  ["connect ECONNREFUSED 127.0.0.1:6379", false],
  ["connect ECONNREFUSED ::1:6379", false],
  ["read ECONNRESET /run/redis-queue/redis.sock", false],
  ["connect ECONNREFUSED 2001:db8::1:443", true],
  ["connect ETIMEDOUT 10.0.0.1:5432", true],
  ["getaddrinfo EAI_AGAIN api.example.org", true],
  ["socket hang up", true],
  ["fetch failed", true],
  ["the hook answered 503", true],
  ["the hook answered 500", false],
  ["order 15032 has no lines", false],
  ["no such column: paid", false],
])("%s: for want of somebody outside is %s", (text, expected) => {
  expect(isForWantOfOthers(text, 503)).toBe(expected);
});

test("jobs that failed for good count, but for those that needed somebody outside, up to what may", () => {
  const queues = [
    outcome({ failed: 4, reasons: [reason("fetch failed", 2), reason("no such column", 2), reason("bad", 9, true)] }),
    outcome({ queue: "bull:fine", completed: 5 }),
  ];
  expect(faultsOf(queues, 503, 0)).toEqual(["2 jobs failed for good (2 of bull:mail), and 0 may"]);
  expect(faultsOf(queues, 503, 2)).toEqual([]);
  // Reasons beyond those that are told are no excuse.
  expect(faultsOf([outcome({ failed: 3, reasons: [reason("fetch failed", 1)] })], 503, 0)).toHaveLength(1);
});

test("where events were gone before they could be read, the failed jobs themselves count", () => {
  const cut = outcome({ cut: true, failed: 1, before: { failed: 2 }, jobs: { failed: 7 } });
  expect(faultsOf([cut], 503, 4)).toEqual(["5 jobs failed for good (5 of bull:mail), and 4 may"]);
  expect(faultsOf([cut], 503, 5)).toEqual([]);
  expect(faultsOf([{ ...cut, jobs: { failed: 2 } }], 503, 5)).toEqual([
    "more happened in bull:mail than could be seen: it keeps neither its events nor jobs that failed",
  ]);
});

test("what is seen from look to look is added up, for each queue of each database", () => {
  const tally = new Tally(1000);
  expect(JSON.parse(tally.asked)).toEqual({ since: 1000, read: {} });
  const look = (more: object) => ({
    ...{ database: 0, queue: "bull:mail", jobs: { failed: 1 }, paused: false, completed: 0, failed: 0, again: 0 },
    ...{ cut: false, reasons: {}, after: "5-0", added: 9, ...more },
  });
  const failing = (count: number, again = false) => ({ key: `k${again}`, name: "send", reason: "no 1", again, count });
  tally.take(JSON.stringify([look({}), look({ database: 1, completed: 1 })]));
  tally.take(
    JSON.stringify([look({ completed: 2, failed: 1, reasons: [failing(3, true), failing(1)], after: "7-0" })]),
  );
  tally.take(
    JSON.stringify([look({ failed: 1, cut: true, reasons: [failing(1)], jobs: { failed: 3 }, after: "8-0" })]),
  );
  expect(JSON.parse(tally.asked).read).toEqual({
    "0 bull:mail": { after: "8-0", added: 9 },
    "1 bull:mail": { after: "5-0", added: 9 },
  });
  const [first, second] = tally.outcomes;
  expect(first).toMatchObject({ completed: 2, failed: 2, cut: true, before: { failed: 1 }, jobs: { failed: 3 } });
  expect(first?.reasons).toMatchObject([
    { again: false, count: 2 },
    { again: true, count: 3 },
  ]);
  expect(second).toMatchObject({ completed: 1, failed: 0, cut: false });
});

test("nothing waits where only paused queues have jobs, or only later ones", () => {
  expect(isIdle([])).toBe(true);
  expect(isIdle([outcome({ jobs: { delayed: 3, failed: 1 } })])).toBe(true);
  expect(isIdle([outcome({ jobs: { wait: 3 }, paused: true })])).toBe(true);
  for (const state of ["wait", "prioritized", "active"])
    expect(isIdle([outcome({ jobs: { [state]: 1 } })])).toBe(false);
});

test("a report, in words", () => {
  const report: Report = {
    stack: "production",
    at: "2026-11-22T15:00:00.000Z",
    backup: { id: "20261122-140000", made: "2026-11-22T14:00:00.000Z" },
    release: "0123456789ab",
    settings: "s",
    version: "1",
    failures: 0,
    replaced: ["env.SMTP_HOST"],
    seconds: { restore: 7.2, migration: 0.4, switch: 3.1 },
    migrated: [{ what: "table public.orders", backup: "12 rows", now: "13 rows" }],
    differences: [{ what: "queue bull:mail", backup: "3 waiting", now: "1 failed, 2 completed" }],
    queues: [
      outcome({ completed: 2, failed: 1, jobs: { failed: 1, completed: 2 }, reasons: [reason("no such column", 1)] }),
    ],
    trapped: {
      in_place: true,
      destinations: [{ protocol: "tcp", host: "smtp.example.org", port: 587, count: 2 }],
      said: [
        { kind: "mail", from: "shop@example.org", to: "customer.example", subject: "Your order", count: 2 },
        { kind: "http", method: "GET", host: "api.example.org", path: "/v1", count: 1 },
        { kind: "tls", host: "pay.example.org", count: 1 },
        { kind: "other", count: 1 },
      ],
      more: 3,
    },
    faults: ["1 job failed for good (1 of bull:mail), and 0 may"],
    ok: false,
  };
  expect(reportInWords(report)).toMatchInlineSnapshot(`
    "Release 0123456789ab with backup 20261122-140000 of stack production

    Other values than the stack's: env.SMTP_HOST

    Seconds
      restore    7.2 s
      migration  0.4 s
      switch     3.1 s

    Changed by the migration
                           in the backup  migrated
      table public.orders  12 rows        13 rows

    Queues
      bull:mail  2 done, 1 failed, 0 to be tried again  left: 1 failed, 2 completed

    Failed jobs
      1 x  bull:mail send  for good  no such column

    Changed in all
                       in the backup  at the end
      queue bull:mail  3 waiting      1 failed, 2 completed

    Kept from leaving
      2 x  tcp smtp.example.org:587
      2 x  mail from shop@example.org to customer.example: Your order
      1 x  GET http://api.example.org/v1
      1 x  https to pay.example.org
           and 3 more

    The rehearsal was NOT good:
      1 job failed for good (1 of bull:mail), and 0 may"
  `);
  const good = { ...report, faults: [], ok: true, queues: [], differences: [], migrated: [] };
  expect(reportInWords(good)).toMatch(/Queues\n {2}nothing\n[\s\S]*The rehearsal was good\.$/);
});
