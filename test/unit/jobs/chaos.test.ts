import { describe, expect, test } from "vitest";
import { chaos, type Outcome } from "../../bench/chaos/chaos";
import { NOT_LONG } from "../../support/requires";
import { redis } from "../app/support/redis-server";
import { PostgresServer, postgres } from "./support/postgres";

/** What is another one each time: said with a failure, so that it can be had again. */
const SEED = Date.now() % 100_000;

function expectOnceEach(outcome: Outcome): void {
  const { lost, doubled, invented, unmailed, failed } = outcome;
  const seen = `seed ${outcome.seed}: ${JSON.stringify({ ...outcome, lost: [], doubled: [], invented: [], unmailed: [] })}`;
  expect({ lost, doubled, invented, unmailed, failed }, seen).toEqual({
    lost: [],
    doubled: [],
    invented: [],
    unmailed: [],
    failed: 0,
  });
  expect(outcome.acknowledged, seen).toBeGreaterThan(0);
}

describe.skipIf(redis.missing)(`worker, backend and Redis killed at random${redis.note}`, () => {
  test("all that was acknowledged is done, and has each effect once", { timeout: 240_000 }, async () => {
    expectOnceEach(await chaos(12, SEED));
  });

  test.skipIf(NOT_LONG)("for minutes", { timeout: 600_000 }, async () => {
    expectOnceEach(await chaos(180, SEED + 1));
  });

  test.skipIf(NOT_LONG || postgres.missing)(
    `for minutes, on PostgreSQL${postgres.note}`,
    { timeout: 600_000 },
    async () => {
      const server = await PostgresServer.start();
      try {
        expectOnceEach(await chaos(120, SEED + 2, await server.newDatabase()));
      } finally {
        await server.remove();
      }
    },
  );
});
