import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { heal } from "../../scripts/healing";
import { Deployment } from "../support/deployment";
import { referenceTraffic } from "../support/load/traffic";
import { type Account, told, underLoad } from "../support/load/under-load";
import { LACKS_ENGINE, NOT_LONG } from "../support/requires";
import { waitFor } from "../support/wait-for";
import { releaseOf, setRelease } from "./change-release";

/** Requests a second. */
const RATE = 30;
/** Seconds that a release is watched. */
const WATCHED = 60;

interface Broken {
  readonly name: string;
  /** What the build does besides. */
  readonly besides?: string;
  readonly config?: Readonly<Record<string, string>>;
  /** What `up` says. */
  readonly says: RegExp;
}

/** In the place of a process, with what was there beside it. */
const instead = (part: string, file: string) =>
  `mv dist/${part}/main.cjs dist/${part}/real.cjs && cp '${join(__dirname, "broken", file)}' dist/${part}/main.cjs`;

const BROKEN: readonly Broken[] = [
  {
    name: "crashes at its start",
    besides: instead("backend", "crash-at-start.cjs"),
    says: /queuehost-backend@[ab][12] ended again and again \(.*exit status 1.*\).*this release can't start/s,
  },
  {
    name: "never gets healthy",
    besides: instead("backend", "never-healthy.cjs"),
    says: /queuehost-backend@[ab][12] did not answer 200 to 399 at \S+ within 30 s \(503\).*a licence server that isn't there/s,
  },
  {
    name: "is healthy, and crashes before it has been so for long",
    besides: instead("backend", "crash-soon.cjs"),
    says: /queuehost-backend@[ab][12] (ended again and again|does not stay up).*no more licences/s,
  },
  {
    name: "fills the memory that it may have",
    besides: instead("worker", "fill-memory.cjs"),
    config: { "process.worker.memory": "256mb" },
    says: /queuehost-worker@[ab]1 (ended again and again|does not stay up) \(.*(memory|SIGKILL|killed).*\)/is,
  },
  {
    name: "can't migrate",
    config: { "app.migrate": `node -e 'console.error("no such column: total"); process.exit(3)'` },
    says: /queuehost-migrate\S* failed \(.*3\).*no such column: total/s,
  },
  {
    name: "is larger than allowed",
    besides: "head -c 3000000 /dev/urandom >dist/film.mp4",
    config: { "app.maxArtefact": "2mb" },
    says: /app\.maxArtefact.*film\.mp4/s,
  },
];

/** Moments of a deploy, each by what is seen on the server then; `before` is what was seen when it began. */
const MOMENTS = [
  { name: "before its upload", see: "" },
  { name: "after its upload", see: "find /srv/queuehost/incoming -name '*.tar.gz' | sort" },
  { name: "while the new side has to prove itself", see: "readlink /srv/queuehost/sides/*/release" },
  { name: "after the switch", see: "readlink /srv/queuehost/live" },
] as const;

describe.skipIf(LACKS_ENGINE)("under load, a release that", () => {
  let deployment: Deployment;
  let good: string;
  let runs = 0;

  beforeAll(async () => {
    deployment = await Deployment.make("broken");
    await deployment.configure({ "env.CONFIRMATION_PACE_MS": "100", "watch.seconds": String(WATCHED) });
    await deployment.up();
    good = await releaseOf(deployment);
  });
  afterAll(() => deployment?.end());

  const loaded = async (work: () => Promise<void>): Promise<Account> => {
    runs += 1;
    const account = await underLoad(deployment, referenceTraffic(`broken${"abcdefghijklmnop"[runs]}`), RATE, work);
    console.log(`${expect.getState().currentTestName}: ${told(account)}`);
    return account;
  };
  const status = async (): Promise<Record<string, string>> => {
    const lines = (await deployment.onServer("/opt/queuehost/app/release status")).split("\n");
    return Object.fromEntries(lines.map((line) => [line.split("=", 1)[0], line.slice(line.indexOf("=") + 1)]));
  };
  /** Processes that have nothing to do with the application. */
  const others = () => deployment.onServer("systemctl show -P MainPID redis-server@queue redis-server@cache ssh caddy");

  const neverServes = async ({ name, besides, config, says }: Broken) => {
    const before = { config: deployment.readConfig(), others: await others() };
    const account = await loaded(async () => {
      await setRelease(deployment, "reference", name, besides);
      await deployment.configure(config ?? {});
      const refusal: string = await deployment.up().then(String, String);
      expect(refusal).toMatch(says);
      expect(await releaseOf(deployment)).toBe(good);
    });
    deployment.writeConfig(before.config);
    expect(account).toMatchObject({ failures: [], lost: [], doubled: [] });
    expect(await others()).toBe(before.others);
  };
  test.each(BROKEN.slice(0, 2))("$name never gets a request", neverServes);
  test.skipIf(NOT_LONG).each(BROKEN.slice(2))("$name never gets a request", neverServes);

  test("was refused leaves nothing that the next up doesn't heal", async () => {
    const account = await loaded(async () => {
      await setRelease(deployment, "reference", "healed");
      await deployment.up();
    });
    expect(account).toMatchObject({ failures: [], lost: [], doubled: [] });
    expect(await releaseOf(deployment)).not.toBe(good);
    expect(await deployment.red()).toEqual([]);
    good = await releaseOf(deployment);
  });

  test.skipIf(NOT_LONG).each([
    { name: "fails its jobs, and nothing else,", besides: instead("worker", "fail-jobs.cjs"), why: /fail/ },
    { name: "crashes once it is in service", besides: instead("backend", "crash-later.cjs"), why: /end|crash/ },
  ])("$name goes back by itself", async ({ name, besides, why }) => {
    const before = deployment.readConfig();
    const account = await loaded(async () => {
      await setRelease(deployment, "reference", name, besides);
      await deployment.up();
      const verdict = async () => ((await status()).watch_verdict === "went-back" ? await status() : undefined);
      const seen = await waitFor("the watch to take it back", verdict, WATCHED);
      expect(seen.watch_why).toMatch(why);
      expect(await releaseOf(deployment)).toBe(good);
    });
    deployment.writeConfig(before);
    expect(account).toMatchObject({ failures: [], doubled: [] });
    // What failed for good meanwhile is kept for a replay.
    expect(Number((await status()).watch_held ?? 0)).toBeGreaterThanOrEqual(account.lost.length);
    await deployment.up();
    expect(await releaseOf(deployment)).toBe(good);
  });

  test.skipIf(NOT_LONG).each(MOMENTS)(
    "is on its way when the deploying process is killed, $name: the next up heals",
    async ({ name, see }) => {
      const account = await loaded(async () => {
        await setRelease(deployment, "reference", `killed ${name}`);
        await killedOnce(see);
        await heal(deployment.pulumi, () => {});
        await deployment.up();
      });
      expect(account).toMatchObject({ failures: [], lost: [], doubled: [] });
      expect(await releaseOf(deployment)).not.toBe(good);
      expect(await deployment.up()).toEqual([]);
      good = await releaseOf(deployment);
    },
  );

  test("leaves everything as it should be after all that", async () => {
    expect(await deployment.red()).toEqual([]);
  });

  /** Begins an up and kills it, with its plugins, once the server shows something else than before. */
  async function killedOnce(see: string): Promise<void> {
    const seen = see && (await deployment.onServer(see));
    const changed = see && `until [ "$(${see})" != '${seen}' ]; do sleep 0.02; done`;
    const { child, ended } = await deployment.pulumi.start(["up", "--yes", "--skip-preview"], () => {});
    if (changed === "") await new Promise((resolve) => setTimeout(resolve, 1500));
    else await deployment.onServer(changed);
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await ended;
  }
});
