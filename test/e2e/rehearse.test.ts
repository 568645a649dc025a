import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordFile } from "../../infra/rehearsal/record";
import { PACKAGE, PROJECT } from "../../scripts/lib/places";
import { type Ended, run } from "../../scripts/lib/run";
import { Deployment } from "../support/deployment";
import { LACKS_ENGINE, NOT_LONG } from "../support/requires";
import { waitFor } from "../support/wait-for";
import { jobsApp } from "./jobs-app";

describe.skipIf(LACKS_ENGINE)("a rehearsal with production's data", () => {
  // This computer stands for the world outside, which every machine of every twin reaches.
  let calls = 0;
  const world = createServer((_, answer) => {
    calls++;
    answer.end("paid");
  });
  let production: Deployment;
  let app: string;
  let hook: string;
  let rehearsed: string;

  beforeAll(async () => {
    production = await Deployment.make("rehearse");
    world.listen(0, "0.0.0.0");
    await once(world, "listening");
    hook = `http://${production.twin.operatorAddress}:${(world.address() as AddressInfo).port}/paid`;
    app = join(production.rehearsal.folder, "app");
    await production.configure(
      {
        ...jobsApp(app),
        "app.path": relative(PROJECT, app),
        "env.SMTP_HOST": "smtp.example.org",
        requireRehearsal: "true",
      },
      { "env.HOOK_URL": hook },
    );
  });
  afterAll(async () => {
    world.close();
    if (production) rmSync(recordFile(PROJECT, production.pulumi.stack), { force: true });
    await production?.end();
  });

  const ask = async (path: string) => {
    const answer = await fetch(`${(await production.subject()).url}${path}`);
    expect(answer.status).toBe(200);
    return answer.json() as Promise<{ completed: number }>;
  };
  const counts = () => ask("/");

  test("the first up has no data to rehearse with, and goes on; its application reaches the world", async () => {
    await production.up();
    // One is the migration's.
    await waitFor("its end", async () => (await counts()).completed === 1, 30);
    await production.onServer("systemctl stop 'queuehost-worker*'");
    await ask("/fill");
    expect(await counts()).toEqual({ wait: 7, failed: 0, completed: 1 });
    await production.onServer(`cd /; setpriv --reuid=app --clear-groups curl -sf ${hook}`);
    expect(calls).toBe(1);
    expect((await queuehost("backups", "now")).exitCode).toBe(0);
  });

  test("a release that wasn't rehearsed is refused, and a preview says so", async () => {
    writeFileSync(join(app, "out/word.txt"), "second");
    const command = `rehearse --stack ${production.pulumi.stack} --from-backup latest`;
    const preview = await production.pulumi.run(["preview"]);
    expect(preview.exitCode, preview.output).toBe(0);
    expect(preview.output).toContain(command);
    const { exitCode, output } = await production.pulumi.run(["up", "--yes", "--skip-preview"]);
    expect(exitCode).not.toBe(0);
    expect(output).toMatch(/requireRehearsal: release \w+ was not rehearsed.*Nothing was changed/);
    expect(output).toContain(command);
  });

  test("a rehearsal that is interrupted leaves nothing", async () => {
    const { exitCode, output } = await queuehost("rehearse", async (child) => {
      await waitFor("the backup", async () => existsSync(`${own()}-data/backup.tar`), 60);
      process.kill(child.pid ?? 0, "SIGINT");
    });
    expect(exitCode, output).toBe(130);
    expectNothingLeft();
  });

  test("the release works off production's jobs, and nobody outside notices", async () => {
    const before = await counts();
    const { exitCode, stdout, output } = await queuehost("rehearse", "--failures", "1", "--for", "120", "--json");
    expect(exitCode, output).toBe(0);
    const report = JSON.parse(stdout);
    rehearsed = report.release;
    expect(report).toMatchObject({ ok: true, faults: [], failures: 1 });
    expect(report.seconds).toMatchObject({
      restore: expect.any(Number),
      migration: expect.any(Number),
      switch: expect.any(Number),
    });
    // Its own migration has added one more.
    expect(report.queues).toMatchObject([{ completed: 6, failed: 2, jobs: { wait: 0, active: 0 } }]);
    expect(report.queues[0].reasons.map(({ reason }: { reason: string }) => reason).sort()).toEqual([
      "no such column: paid",
      "the hook answered 503",
    ]);
    expect(report.migrated).toHaveLength(1);
    expect(report.trapped.said).toContainEqual({
      ...{ kind: "mail", from: "shop@example.org", to: "customer.example", subject: "Your order", count: 2 },
    });
    const { hostname, host } = new URL(hook);
    expect(report.trapped.said).toContainEqual({ kind: "http", method: "GET", host, path: "/paid", count: 1 });
    expect(report.trapped.destinations).toContainEqual(expect.objectContaining({ host: hostname, count: 1 }));
    expect(report.trapped.destinations).toContainEqual(
      expect.objectContaining({ host: "smtp.example.org", port: 587, count: 2 }),
    );
    expect(calls).toBe(1);
    expect(await counts()).toEqual(before);
    expectNothingLeft();
  });

  test.skipIf(NOT_LONG)("a migration that fails on the data, and not without, is no good", async () => {
    const file = join(app, "out/migrate.js");
    const before = readFileSync(file, "utf8");
    // The first sight of jobs is on the data.
    const failing = `const socket = require("node:net").createConnection(Number(process.env.REDIS_PORT), process.env.REDIS_HOST);
socket.on("data", (text) => {
  const [, found] = /:(\\d)/.exec(String(text)) ?? [];
  if (found === "1") console.error("orders has 7 rows without a customer");
  if (found !== undefined) process.exit(Number(found));
});
socket.write(\`AUTH \${process.env.REDIS_PASSWORD}\\r\\nEXISTS \${process.env.QUEUE_PREFIX}:outside:meta\\r\\n\`);
`;
    writeFileSync(file, failing);
    const { exitCode, stdout, output } = await queuehost("rehearse", "--json");
    writeFileSync(file, before);
    expect(exitCode, output).toBe(1);
    const { ok, faults, release, seconds } = JSON.parse(stdout);
    expect(ok).toBe(false);
    expect(release).not.toBe(rehearsed);
    expect(seconds).not.toHaveProperty("switch");
    expect(faults[0]).toMatch(/migrate\.service failed .*\n[\s\S]*7 rows without a customer/);
    expectNothingLeft();
  });

  test("what was rehearsed goes into service, and with another configuration wouldn't", async () => {
    await production.configure({ "env.SMTP_HOST": "other.example.org" });
    expect((await production.pulumi.run(["up", "--yes", "--skip-preview"])).output).toContain(
      "the configuration has changed since",
    );
    await production.configure({ "env.SMTP_HOST": "smtp.example.org" });
    await production.up();
    expect((await production.subject()).expected.EXPECT_RELEASE).toBe(rehearsed);
    expect(await production.up()).toEqual([]);
  });

  const own = () => join(production.rehearsal.folder, "own");

  function expectNothingLeft() {
    expect(existsSync(`${own()}-data`)).toBe(false);
    expect(existsSync(join(PROJECT, "Pulumi.rehearsal-data.yaml"))).toBe(false);
  }

  /** The command line on this stack, as a script runs it. */
  function queuehost(...args: (string | ((child: ChildProcess) => void))[]): Promise<Ended> {
    const words = args.filter((arg) => typeof arg === "string");
    const onChild = args.find((arg) => typeof arg === "function");
    return run(
      process.execPath,
      ["--import", "tsx", join(PACKAGE, "scripts/queuehost.ts"), ...words, "--stack", production.pulumi.stack],
      { cwd: PACKAGE, env: { ...production.rehearsal.environment, QUEUEHOST_REHEARSAL: own() }, stdin: "ignore" },
      undefined,
      onChild,
    );
  }
});
