import { readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { Counter, Registry } from "prom-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SharedMetrics } from "../../../../app/jobs/metrics/shared";
import { alertRules, THRESHOLDS } from "../../../../app/jobs/metrics/thresholds";
import { waitFor } from "../../../support/wait-for";
import { redis } from "../../app/support/redis-server";
import { Clients, patient, quick, tracked } from "../client/support";

describe.skipIf(redis.missing)(`metrics${redis.note}`, () => {
  let clients: Clients;
  beforeAll(async () => {
    clients = await Clients.start();
  });
  afterAll(() => clients.remove());

  it("tell what ran, how long it waited and took, and what is left", async () => {
    const jobs = await clients.client();
    await jobs.enqueueBulk(tracked, [{ name: "a" }, { name: "b" }, { name: "c", fail: true }]);
    await jobs.enqueue(quick, { name: "d" });
    await jobs.enqueue(patient, { name: "e" }, { queue: "other", delay: 60_000 });
    const working = jobs.work(["mail"]);
    await waitFor("all are done", async () => {
      const { completed = 0, failed = 0 } = (await jobs.health()).queues.mail ?? {};
      return completed === 3 && failed === 1;
    });
    await jobs.pause("other");
    const lines = (await jobs.metrics()).split("\n");
    const own = `process="${process.pid}"`;
    expect(lines).toEqual(
      expect.arrayContaining([
        `jobs_total{queue="mail",type="greet",${own}} 3`,
        `jobs_completed_total{queue="mail",type="greet",${own}} 2`,
        `jobs_completed_total{queue="mail",type="quick",${own}} 1`,
        `jobs_failed_total{queue="mail",type="greet",${own}} 1`,
        `jobs_retried_total{queue="mail",type="greet",${own}} 1`,
        `job_duration_seconds_count{queue="mail",type="greet",${own}} 4`,
        `job_duration_seconds_bucket{le="+Inf",queue="mail",type="quick",${own}} 1`,
        `job_wait_time_seconds_count{queue="mail",type="quick",${own}} 1`,
        `worker_active_jobs{queue="mail",type="greet",${own}} 0`,
        `worker_processing{${own}} 1`,
        'queue_size{queue="mail"} 0',
        'queue_jobs{queue="mail",state="completed"} 3',
        'queue_jobs{queue="other",state="scheduled"} 1',
        'queue_paused{queue="mail"} 0',
        'queue_paused{queue="other"} 1',
        'dead_letters{queue="mail"} 1',
        'jobs_outgoing{database="sqlite"} 0',
      ]),
    );
    const names = new Set(lines.map((line) => /^# TYPE (\S+)/.exec(line)?.[1]).filter((name) => name !== undefined));
    for (const { expr, metric } of THRESHOLDS) {
      const used = expr.match(/[a-z]+(_[a-z]+)+/g) ?? [];
      const known = used.filter((name) => names.has(name.replace(/_(sum|count|bucket)$/, "")));
      expect(known.length, `${metric}: ${expr}`).toBeGreaterThan(0);
      expect(used).toEqual(known);
    }
    await working.stop(1000);
  });

  it("leave out what can't be asked", async () => {
    const jobs = await clients.client(clients.settings({ QUEUE_ENABLED: "false" }));
    const text = await jobs.metrics();
    expect(text).toContain('jobs_outgoing{database="sqlite"} 0');
    expect(text).not.toContain("queue_size{");
  });

  it("of other processes of the machine are shown beside one's own, until those are gone", async () => {
    const settings = clients.settings();
    const jobs = await clients.client(settings);
    const registry = new Registry();
    registry.setDefaultLabels({ process: "other" });
    new Counter({ name: "jobs_total", help: "h", labelNames: ["queue", "type"], registers: [registry] }).inc(
      { queue: "mail", type: "greet" },
      7,
    );
    const other = new SharedMetrics(settings.stateDir, registry, "other");
    const line = 'jobs_total{queue="mail",type="greet",process="other"} 7';
    other.start();
    await waitFor("its metrics are there", async () => (await jobs.metrics()).includes(line));
    const file = join(settings.stateDir, "metrics", "other.json");
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(file, longAgo, longAgo);
    expect(await jobs.metrics()).not.toContain(line);
    await other.stop();
    expect(await jobs.metrics()).not.toContain(line);
  });
});

it("docs/jobs-alerts.yml has the thresholds as they are", () => {
  // Made by: node_modules/.bin/tsx -e 'process.stdout.write(require("./app/jobs/metrics/thresholds").alertRules())'
  expect(readFileSync("docs/jobs-alerts.yml", "utf8")).toBe(alertRules());
  expect(THRESHOLDS.map(({ metric }) => metric)).toEqual([
    "queue.size",
    "queue.wait_time",
    "worker.processing",
    "job.failed",
    "job.duration",
  ]);
});
