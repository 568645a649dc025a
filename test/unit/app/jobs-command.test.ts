import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openProvider, readSettings } from "queuehost/jobs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { orderOf } from "../../../app/src/jobs-order";
import { table } from "../../../app/src/table";
import { PostgresServer, postgres } from "../jobs/support/postgres";
import { RedisServer, redis } from "./support/redis-server";

const TSX = createRequire(__filename).resolve("tsx/cli");
const COMMAND = join(__dirname, "..", "..", "..", "app", "src", "jobs-command.ts");

describe.skipIf(redis.missing || postgres.missing)(`the command jobs${redis.note}${postgres.note}`, () => {
  let server: RedisServer;
  let database: PostgresServer;
  let folder: string;
  const key = `k1:${Buffer.alloc(32, 7).toString("base64")}`;
  const bullmq = () => ({ REDIS_PORT: String(server.port), STATE_DIR: folder, QUEUE_ENCRYPTION_KEY: key });
  const agenda = () => ({ ...bullmq(), QUEUE_PROVIDER: "agenda", DATABASE_URL: database.url() });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "queuehost-jobs-"));
    server = await RedisServer.start();
    database = await PostgresServer.start();
  }, 60_000);
  afterAll(async () => {
    await server?.remove();
    await database?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  /** As npm does: in the application's folder, while the operator stands elsewhere. */
  function jobs(env: Record<string, string>, ...args: string[]) {
    const options = { env: { PATH: process.env.PATH ?? "", INIT_CWD: folder, ...env }, encoding: "utf8" } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [TSX, COMMAND, ...args], options);
    return { status, said: stdout + stderr };
  }

  test("moves a job from Redis to PostgreSQL", async () => {
    const old = openProvider(table, readSettings(bullmq()), () => {});
    await old.settled;
    const job = { id: "moved", queue: "email", type: "welcome-email", priority: 5, attempts: 3, backoff: 10 };
    await old.add([{ ...job, payload: '{"to":{"$enc":"k1:c2VjcmV0"}}', runAt: null }]);
    await old.close();

    expect(jobs(bullmq(), "export", "jobs.jsonl")).toMatchObject({
      status: 1,
      said: expect.stringMatching(/^jobs: queue \S+ isn't paused: .*; pause it first\n$/),
    });
    const exported = jobs(bullmq(), "export", "jobs.jsonl", "--pause", "5");
    expect(exported).toEqual({
      status: 0,
      said: `1 jobs and 0 recurring ones are in ${join(folder, "jobs.jsonl")}; the queues stay paused\n`,
    });
    expect(readFileSync(join(folder, "jobs.jsonl"), "utf8")).toContain("c2VjcmV0");
    const imported = jobs(agenda(), "import", "jobs.jsonl");
    expect(imported).toEqual({ status: 0, said: "1 jobs added, 0 were there, 0 recurring ones set; all read back\n" });
    expect(jobs(bullmq(), "import", "jobs.jsonl").said).toMatch(
      /^0 jobs added, 1 were there, .*; paused here, until `jobs resume`: \S.*, email\b/,
    );
    const fresh = openProvider(table, readSettings(agenda()), () => {});
    await fresh.settled;
    expect(await fresh.find("email", "moved")).toMatchObject({ ...job, status: "waiting" });
    await fresh.close();
  }, 60_000);

  test("says what is wrong, in one message and without a secret", () => {
    const nowhere = { REDIS_PORT: "1", STATE_DIR: folder, REDIS_PASSWORD: "geheim" };
    const away = jobs(nowhere, "pause");
    expect(away.status).toBe(1);
    expect(away.said).toMatch(/^jobs: the queue can't be reached \(.*\); is its server running/);
    expect(away.said).not.toMatch(/geheim|^\s+at /m);
    expect(jobs(nowhere, "nonsense")).toEqual({ status: 2, said: expect.stringContaining("jobs: should be export, ") });
  }, 60_000);
});

test("an order is understood, or refused with what was expected", () => {
  expect(orderOf(["export", "jobs.jsonl", "--failed", "--pause", "5"], "/home/ada")).toEqual({
    ...{ verb: "export", file: "/home/ada/jobs.jsonl", failed: true, pauseMs: 5000 },
  });
  expect(orderOf(["import", "/tmp/jobs.jsonl"])).toEqual({ verb: "import", file: "/tmp/jobs.jsonl", failed: false });
  expect(orderOf(["pause"])).toMatchObject({ verb: "pause" });
  expect(orderOf(["export", "--help"])).toMatchObject({ verb: "help" });
  const wrong: [string[], string][] = [
    [[], 'should be export, import, pause or resume, got ""'],
    [["export"], "export: should be followed by one file"],
    [["import", "x", "y"], "import: should be followed by one file"],
    [["resume", "x"], 'resume: should stand alone, got "x"'],
    [["export", "x", "--pause", "soon"], '--pause: should be a whole number of seconds, got "soon"'],
    [["import", "x", "--failed"], "--failed and --pause are for export"],
    [["export", "x", "--frob"], "Unknown option '--frob'"],
  ];
  for (const [args, message] of wrong) expect(() => orderOf(args)).toThrow(message);
});
