import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PACKAGE } from "../../scripts/lib/places";
import { type Ended, run } from "../../scripts/lib/run";
import { Deployment } from "../support/deployment";
import { LACKS_ENGINE } from "../support/requires";
import { waitFor } from "../support/wait-for";
import { reserve, statusOf } from "./reservations";

const CLI =
  'cli() { REDISCLI_AUTH=$(cat /etc/queuehost/credentials/redis-operator) redis-cli -e --user operator --no-auth-warning "$@"; }';

describe.skipIf(LACKS_ENGINE)("backups and restore, by the command line", () => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await Deployment.make("restore");
    await deployment.configure({ "postgres.enabled": "true" });
    await deployment.up();
  });
  afterAll(() => deployment?.end());

  const json = async (...words: string[]) => {
    const { exitCode, output, stdout } = await queuehost(...words, "--json");
    expect(exitCode, output).toBe(0);
    return JSON.parse(stdout);
  };
  let id = "";

  test("what was brought up has a backup with all parts", async () => {
    const { place, backups } = await json("backups");
    expect(place).toBe("/var/backups/queuehost");
    expect(backups).toHaveLength(1);
    expect(backups[0]).toMatchObject({ postgres: { database: "queuehost" }, envKeys: expect.any(Number) });
    expect(backups[0].release).toBe((await deployment.subject()).expected.EXPECT_RELEASE);
    expect(await deployment.red()).toEqual([]);
  });

  test("one is made, with what the application has done", async () => {
    expect(await reserve(deployment, "kept-by-backup")).toBeLessThan(300);
    await waitFor("the job's end", async () => (await statusOf(deployment, "kept-by-backup")) === "completed", 60);
    const { backup } = await json("backups", "now");
    id = backup.id;
    expect(backup.redis.queues.length).toBeGreaterThan(0);
    expect((await queuehost("backups")).stdout).toMatch(new RegExp(`^${id} .* redis, postgres, files, \\.env `));
  });

  test("a restore is shown before it is made, and asks", async () => {
    await deployment.onServer(`${CLI}; cli flushall`);
    const dry = await json("restore", "--dry-run");
    expect(dry).toMatchObject({ restored: false, backup: id, parts: ["redis", "postgres", "files"] });
    expect(dry.replaced.find(({ what }: { what: string }) => what.startsWith("queue "))).toHaveProperty("now", "empty");
    expect((await queuehost("restore")).output).toMatch(/^--yes: is needed/);
    expect((await queuehost("restore", "--yes", "--from", "20200101")).output).toMatch(
      /^--from: should be latest, .*\n {2}\d/,
    );
    expect(await deployment.onServer(`${CLI}; cli --scan --pattern '*kept-by-backup*'`)).toBe("");
  });

  test("it brings the jobs back, and the application serves as before", async () => {
    const { stdout, exitCode, output } = await queuehost("restore", "--yes");
    expect(exitCode, output).toBe(0);
    expect(stdout).toMatch(/out of service for \d+ ms/);
    expect(Number(await deployment.onServer(`${CLI}; cli dbsize`))).toBeGreaterThan(0);
    expect(await statusOf(deployment, "kept-by-backup")).toBe("completed");
    expect(await reserve(deployment, "after-the-restore")).toBeLessThan(300);
    await waitFor("the job's end", async () => (await statusOf(deployment, "after-the-restore")) === "completed", 60);
    expect(await deployment.red()).toEqual([]);
  });

  /** The command line on this stack, as a script runs it. */
  function queuehost(...words: string[]): Promise<Ended> {
    return run(
      process.execPath,
      ["--import", "tsx", join(PACKAGE, "scripts/queuehost.ts"), ...words, "--stack", deployment.pulumi.stack],
      { cwd: PACKAGE, env: deployment.rehearsal.environment, stdin: "ignore" },
    );
  }
});
