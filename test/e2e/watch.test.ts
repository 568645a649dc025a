import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PACKAGE } from "../../scripts/lib/places";
import { run } from "../../scripts/lib/run";
import { Deployment } from "../support/deployment";
import { type JobTraffic, referenceTraffic, shopTraffic } from "../support/load/traffic";
import { told, underLoad } from "../support/load/under-load";
import { LACKS_ENGINE, NOT_LONG } from "../support/requires";
import { waitFor } from "../support/wait-for";
import { APPS, type AppName } from "./apps";
import { releaseOf, setRelease } from "./change-release";

/** Requests a second. */
const RATE = 20;
const REASON = "the printer is out of paper";

interface Case {
  readonly app: AppName;
  readonly queue: string;
  readonly traffic: () => JobTraffic;
  /** What the build does for a release that is healthy, and whose jobs all fail. */
  readonly failing: string;
}

const FAIL_JOBS = join(__dirname, "broken/fail-jobs.cjs");
const CASES: readonly Case[] = [
  {
    app: "reference",
    queue: "reservation",
    traffic: () => referenceTraffic("watched"),
    failing: `mv dist/worker/main.cjs dist/worker/real.cjs && cp '${FAIL_JOBS}' dist/worker/main.cjs`,
  },
  {
    app: "shop",
    queue: "orders",
    traffic: shopTraffic,
    failing: `sed -i 's/orders.confirm(id, signal)/Promise.reject(new Error("${REASON}"))/' src/workers/orders.js`,
  },
];

describe.skipIf(LACKS_ENGINE || NOT_LONG)("a release whose jobs all fail", () => {
  let deployment: Deployment;
  const deployments: Deployment[] = [];
  beforeAll(async () => {
    deployment = await Deployment.make("watch");
    deployments.push(deployment, await deployment.beside("shop"));
  });
  afterAll(() => deployment?.end());

  test.each(CASES)("goes back by itself, and its jobs are done in the end, each once: $app", async (one) => {
    const { app, queue, traffic, failing } = one;
    const mine = deployments[CASES.indexOf(one)] ?? deployment;
    await mine.configure({ ...APPS[app].plain, "watch.seconds": "120" }, APPS[app].secrets);
    await mine.up();
    const good = await releaseOf(mine);
    const account = await underLoad(mine, traffic(), RATE, async () => {
      // Something to compare with.
      await new Promise((done) => setTimeout(done, 10_000));
      await setRelease(mine, app, "failing", failing);
      await mine.up();
      const state = await verdictOf(mine);
      expect(state).toMatchObject({ watch_verdict: "went-back", release: good, watch_lost: "0" });
      expect(state.watch_why).toMatch(
        new RegExp(`^${queue}(-\\w+)?: \\d+ of \\d+ attempts failed \\(\\d+%\\), before it 0%$`),
      );

      // What its worker was still at has ended.
      await new Promise((done) => setTimeout(done, 5_000));
      const listed = await replay(mine, "--dry-run");
      const held = listed.held.reduce((sum, { count }) => sum + count, 0);
      expect(held).toBeGreaterThan(0);
      expect(listed.held.map(({ reason }) => reason)).toContain(REASON);
      expect(await replay(mine, "--yes")).toMatchObject({ replayed: { again: held, since: 0, refused: [] } });
      expect(await replay(mine, "--yes")).toMatchObject({ held: [], replayed: null });
    });
    console.log(`${app}: ${told(account)}`);
    expect(account).toMatchObject({ failures: [], lost: [], doubled: [] });
  });

  async function verdictOf(mine: Deployment): Promise<Record<string, string>> {
    return waitFor(
      "the watch to decide",
      async () => {
        const lines = (await mine.onServer("/opt/queuehost/app/release status")).split("\n");
        const state = Object.fromEntries(lines.map((line) => [line.split("=", 1)[0], line.replace(/^[^=]*=/, "")]));
        return ["running", "going-back"].includes(state.watch_verdict) ? undefined : state;
      },
      150,
    );
  }

  interface Replayed {
    readonly held: readonly { queue: string; reason: string; count: number }[];
    readonly replayed: unknown;
  }
  async function replay(mine: Deployment, ...options: string[]): Promise<Replayed> {
    const script = join(PACKAGE, "scripts/queuehost.ts");
    const { exitCode, stdout, output } = await run(
      "tsx",
      [script, "replay", "--stack", mine.pulumi.stack, "--json", ...options],
      { cwd: PACKAGE, preferLocal: true, env: mine.rehearsal.environment },
    );
    expect(exitCode, output).toBe(0);
    return JSON.parse(stdout);
  }
});
