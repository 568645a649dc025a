import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { redisBundle } from "../../infra/bundles/redis";
import { LACKS_MACHINES } from "../support/requires";
import { waitFor } from "../support/wait-for";
import { AppServer, appOf, envOf, PASSWORD, PROCESSES, processOf } from "./support/app-server";
import { queueRelease, WORK } from "./support/queue-app";
import type { TinyRelease } from "./support/tiny-app";
import { useTwin } from "./support/twin";

const REDIS = {
  passwordSha256: createHash("sha256").update(PASSWORD).digest("hex"),
  keyPrefix: "tiny",
  keyPatterns: [],
  queueMaxmemory: "100mb",
  queueMaxmemoryPolicy: "noeviction",
  queueAppendfsync: "everysec",
  queueSave: "",
  cacheMaxmemory: "50mb",
  cacheMaxmemoryPolicy: "allkeys-lru",
} as const;
const PER_SECOND = 10;
/** The reason of a fault without the command, which may be long. */
const short = (attempt: Promise<string>): Promise<string> =>
  attempt.catch(({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => {
    throw new Error(`exit code ${code}: ${stdout}${stderr}`);
  });
/** What a watch writes down, by its keys. */
type State = Readonly<Record<string, string>>;

describe.skipIf(LACKS_MACHINES)("the watch over a release on a real machine", () => {
  useTwin((twin) => {
    let server: AppServer;
    let good: TinyRelease;
    beforeAll(async () => {
      server = await AppServer.make(twin, "watch");
      await server.apply(redisBundle(REDIS));
      await server.apply(envOf());
    });

    async function deploy(release: TinyRelease, seconds: number): Promise<void> {
      // An argument of Linux holds 128 KiB.
      const parts = release.artefact.toString("base64").match(/.{1,100000}/g) ?? [];
      const target = `/srv/tiny/incoming/${release.id}.tar.gz`;
      await short(server.run(`install -d /srv/tiny/incoming; rm -f ${target}`));
      for (const part of parts) await short(server.run(`echo ${part} | base64 -d >>${target}`));
      const [backend = processOf("backend", "")] = PROCESSES;
      const processes = [backend, processOf("worker", "node worker.js", { instances: 2 })];
      await short(
        server.apply(appOf(release, { processes, healthTimeoutSec: 40, watch: { seconds, failures: 10, wait: 5 } })),
      );
    }

    async function state(): Promise<State> {
      const lines = (await server.release("status")).split("\n").map((line) => line.split(/=(.*)/s));
      return Object.fromEntries(lines.map(([key = "", value = ""]) => [key, value]));
    }

    /** What it knows once it has decided. */
    async function verdict(seconds: number): Promise<State> {
      return waitFor(
        "a verdict",
        async () => {
          const now = await state();
          return ["running", "going-back"].includes(now.watch_verdict ?? "") ? undefined : now;
        },
        seconds,
      );
    }

    /** Jobs come from now on. */
    async function load(name: string, perSecond = PER_SECOND): Promise<void> {
      const node = "node=$(ls -d /opt/queuehost/node/*/bin/node | head -n 1)";
      const run = `systemd-run -q --collect -u load -p EnvironmentFile=/srv/tiny/shared/.env $node /srv/tiny/releases/${good.id}/load.js ${name} ${perSecond}`;
      await server.run(`systemctl stop load 2>/dev/null; ${node}; ${run}`);
    }

    test("leaves the first release alone, and says that there is nothing to go back to", async () => {
      good = queueRelease(twin.stateDir, WORK.well);
      await deploy(good, 30);
      expect(await state()).toMatchObject({ watch_verdict: "unwatched", watch_release: good.id });
      await load("usual");
    });

    test("lets a good release pass under load, in a sandbox that changes nothing", async () => {
      good = queueRelease(twin.stateDir, `${WORK.well} globalThis.two = 2;`);
      await deploy(good, 12);
      expect(await state()).toMatchObject({ watch_verdict: "running", watch_release: good.id });
      const exposure = await server.run(
        "systemd-analyze security --no-pager tiny-watch | sed -n 's/.*exposure level for [^:]*: \\([0-9.]*\\).*/\\1/p'",
      );
      expect(Number(exposure)).toBeLessThanOrEqual(4);
      const seen = await verdict(60);
      expect(seen).toMatchObject({ watch_verdict: "passed", release: good.id, watch_failed: "0", watch_held: "0" });
      expect(Number(seen.watch_ended)).toBeGreaterThan(5 * PER_SECOND);
      expect(await server.run("tail -n 1 /var/log/queuehost/audit.log")).toContain("\tthe watch\t");
    });

    test.each([
      ["jobs fail", WORK.failing, /^orders: \d+ of \d+ attempts failed \(100%\), before it 0%$/],
      [
        "jobs take too long",
        WORK.slow,
        /^orders: 95% of the jobs wait up to [\d.]+ s for a worker, before it 0\.\d s; they take/,
      ],
      ["jobs stall", WORK.blocking, /^orders: \d+ jobs stalled/],
      [
        "processes end again and again",
        WORK.crashing,
        // What it had in hand stalls: whichever is seen first.
        /^tiny-worker@[ab][12] ended and was restarted \d+ times \(exit status 3\)|^orders: \d+ jobs stalled/,
      ],
    ])("takes back a release under which %s", async (_, work, why) => {
      const bad = queueRelease(twin.stateDir, work);
      await deploy(bad, 90);
      const seen = await verdict(120);
      expect(seen).toMatchObject({ watch_verdict: "went-back", watch_release: bad.id, release: good.id });
      expect(seen.watch_why).toMatch(why);
      expect(seen.refused).toContain(`${bad.id}\t`);
      expect(seen.refused).toContain("\tthe watch\t");
      expect(await server.run("tail -n 1 /var/log/queuehost/audit.log")).toContain(`went back to release ${good.id}`);
      // What waited is done by the release that is back.
      const waiting = () =>
        server.run(
          `REDISCLI_AUTH=$(cat /etc/queuehost/credentials/redis-operator) redis-cli --user operator llen tiny:orders:wait`,
        );
      await waitFor("the queue to be worked off", async () => Number(await waiting()) < PER_SECOND, 60);
    });

    test("has held the jobs that failed for good, each once, for root alone", async () => {
      const [folder = ""] = (await server.run("ls -d /var/lib/queuehost.d/replay/*/")).split("\n");
      const rows = (await server.run(`cat ${folder}/jobs.jsonl`)).split("\n").map((line) => JSON.parse(line));
      expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
      const failed = await server.run(
        `REDISCLI_AUTH=$(cat /etc/queuehost/credentials/redis-operator) redis-cli --user operator zrange tiny:orders:failed 0 -1`,
      );
      expect(rows.map(({ id }) => id).sort()).toEqual(failed.split("\n").sort());
      expect(rows[0]).toMatchObject({
        prefix: "tiny",
        queue: "orders",
        name: "pay",
        failedReason: "no such column: paid",
      });
      expect(await server.run(`stat -c '%a %U' ${folder} ${folder}/jobs.jsonl`)).toBe("700 root\n600 root");
    });

    test("is over when somebody else changes the release meanwhile", async () => {
      const next = queueRelease(twin.stateDir, `${WORK.well} globalThis.three = 3;`);
      await deploy(next, 90);
      await server.release("switch", good.id, "anna@example.org", "never mind");
      expect(await verdict(30)).toMatchObject({ watch_verdict: "ended", watch_release: next.id, release: good.id });
    });
  });
});
