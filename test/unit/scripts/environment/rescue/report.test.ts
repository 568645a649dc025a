import { expect, test } from "vitest";
import { asJson, asText } from "../../../../../scripts/environment/rescue/report";

const result = {
  stack: "production",
  backup: {
    id: "20261122-030004",
    bytes: 1,
    made: new Date(Date.now() - 300_000),
    proved: new Date(),
    redis: { version: "8", keys: 1, queues: [] },
    envKeys: 0,
    pausedMs: 1,
  },
  compared: [
    { what: "queue bull:mail", backup: "47 waiting, 3 active", now: "50 waiting" },
    { what: "table public.orders", backup: "1000 rows", now: "1000 rows" },
    { what: "queue bull:report", backup: "empty" },
  ],
  address: { before: "203.0.113.7", now: "203.0.113.7" },
  seconds: { backup: 0, deletion: 3.1, bringUp: 41, restore: 9.5, total: 60.2 },
  ok: true,
};

test("what came back, beside what was in the backup, and how long it took", () => {
  expect(asText(result)).toMatchInlineSnapshot(`
    "
                         in the backup         now
    queue bull:mail      47 waiting, 3 active  50 waiting
    table public.orders  1000 rows             1000 rows
    queue bull:report    empty                 isn't there

    Stack production is back with backup 20261122-030004, made 5 min ago: 50 jobs in it, 50 now.
    Its address is 203.0.113.7, the same as before.
    60.2 s: backup 0, deletion 3.1, new server 41, restore 9.5."
  `);
});

test("a new address is said with the old one, and that there was none", () => {
  expect(asText({ ...result, address: { before: "203.0.113.7", now: "203.0.113.9" } })).toContain(
    "Its address is 203.0.113.9, 203.0.113.7 before.",
  );
});

test("as JSON, with all jobs counted", () => {
  expect(JSON.parse(asJson(result))).toMatchObject({
    stack: "production",
    ok: true,
    backup: "20261122-030004",
    jobs: { backup: 50, now: 50 },
    seconds: { total: 60.2 },
  });
});
