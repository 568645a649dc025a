import { expect, test } from "vitest";
import { type LogQuery, logCommand, unitsOf } from "../../../../scripts/ssh/log-sources";

const query: LogQuery = { app: "intranet", processes: ["backend", "worker", "worker-mail"], names: [], follow: false };

test("without a name, all of the application and what runs once for it", () => {
  expect(unitsOf(query)).toEqual([
    "intranet-backend.service",
    "intranet-backend@*.service",
    "intranet-worker.service",
    "intranet-worker@*.service",
    "intranet-worker-mail.service",
    "intranet-worker-mail@*.service",
    "intranet-migrate.service",
    "intranet-smoke-test.service",
    "intranet-watch.service",
  ]);
});

test("a name is one process's, and not that of others which begin like it", () => {
  expect(unitsOf({ ...query, names: ["worker", "redis"] })).toEqual([
    "intranet-worker.service",
    "intranet-worker@*.service",
    "redis-server@queue.service",
    "redis-server@cache.service",
  ]);
});

test("a name that is nothing's is told with the closest one", () => {
  expect(() => unitsOf({ ...query, names: ["wroker-mail"] })).toThrow(
    /^There is nothing that is called wroker-mail; worker-mail\? Known are: backend, worker, worker-mail, migrate, /,
  );
});

test("the command as a whole: what a person typed can't leave its word", () => {
  expect(
    logCommand({ ...query, names: ["backend"], lines: 50, since: 1700000000, grep: "it's $HOME", follow: true }),
  ).toBe(
    `sudo -n bash -s -- 'intranet' '50' '1700000000' 'it'\\''s $HOME' 'yes' 'intranet-backend.service intranet-backend@*.service' 'backend'`,
  );
});
