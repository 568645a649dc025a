import { expect, test } from "vitest";
import { faultsOf, type Overall, parseRest, rowsOf } from "../../../../scripts/release/overall";

const REST = [
  "queue\tbull:orders\t3\t1\t2\t4\t0",
  "queue\tapp:a:b\t0\t0\t0\t0\t1",
  "held\tdddddddddddd\t12",
  "backup\t1700000000\t20231114-221320",
  "disk\t41\t12000000000",
  "",
].join("\n");

const HEALTHY: Overall = {
  stack: "staging",
  url: "http://203.0.113.9",
  recorded: "cccccccccccc",
  release: "cccccccccccc",
  since: new Date(),
  side: "a",
  manager: "systemd",
  instances: [{ unit: "shop-backend@a1", state: "active", pid: 1, restarts: 0, memory: 1e8 }],
  refused: [],
  watch: {},
  health: { ok: true, seen: "healthy (200, 8 ms)" },
  ...parseRest(REST),
};

test("the server's own words are read", () => {
  expect(parseRest(REST)).toEqual({
    queues: [
      { name: "bull:orders", waiting: 3, active: 1, delayed: 2, failed: 4, isPaused: false },
      { name: "app:a:b", waiting: 0, active: 0, delayed: 0, failed: 0, isPaused: true },
    ],
    held: [{ release: "dddddddddddd", jobs: 12 }],
    backup: { name: "20231114-221320", made: new Date(1700000000_000) },
    disk: { usedPercent: 41, free: 12000000000 },
    wrong: [],
  });
  expect(parseRest("")).toEqual({ queues: [], held: [], wrong: [] });
});

test("where all is as it should be nothing is wrong, also with failed jobs, a lock or maintenance", () => {
  expect(faultsOf(HEALTHY)).toEqual([]);
  const closed = {
    ...HEALTHY,
    lock: { who: "anna", why: "x" },
    maintenance: { who: "anna", why: "x" },
    health: { ok: false, seen: "not healthy (503, 3 ms)" },
  };
  expect(faultsOf(closed)).toEqual([]);
});

test("each thing that is wrong is named", () => {
  const [instance] = HEALTHY.instances;
  const { backup: _backup, ...unsaved } = HEALTHY;
  for (const [seen, fault] of [
    [{ ...HEALTHY, release: "" }, "no release is in service"],
    [
      { ...HEALTHY, instances: [{ ...instance, state: "failed", restarts: 7 }] },
      "shop-backend@a1 is failed (7 restarts)",
    ],
    [{ ...HEALTHY, health: { ok: false, seen: "no answer" } }, "http://203.0.113.9 isn't healthy: no answer"],
    [
      { ...HEALTHY, recorded: "eeeeeeeeeeee" },
      "The server runs release cccccccccccc, and Pulumi's state says eeeeeeeeeeee",
    ],
    [unsaved, "there is no backup"],
    [{ ...HEALTHY, disk: { usedPercent: 93, free: 2e9 } }, "the disk is 93 % full: 2.0 GB are left"],
    [{ ...HEALTHY, ...parseRest(`${REST}redis\tConnection refused\n`) }, "Redis doesn't answer: Connection refused"],
    [{ ...HEALTHY, ...parseRest(`${REST}backup-failed\texit-code\n`) }, "the last backup failed (exit-code)"],
  ] as [Overall, string][]) {
    expect(faultsOf(seen)).toHaveLength(1);
    expect(faultsOf(seen)[0]).toContain(fault);
  }
});

test("the table has a line for each thing, and one for each process and queue", () => {
  const rows = rowsOf(HEALTHY);
  expect(rows.map(([name]) => name)).toEqual([
    "release",
    "url",
    "processes",
    "queues",
    "",
    "lock",
    "maintenance",
    "watch",
    "held jobs",
    "backup",
    "disk",
  ]);
  expect(rows[2]).toEqual(["processes", "shop-backend@a1  active, 0 restarts, 100 MB"]);
  expect(rows[3]).toEqual(["queues", "bull:orders  3 waiting, 1 active, 2 delayed, 4 failed"]);
  expect(rows[4]).toEqual(["", "app:a:b  0 waiting, 0 active, 0 delayed, 0 failed, paused"]);
  expect(rows[8]).toEqual(["held jobs", "12 that failed under release dddddddddddd"]);
});
