import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Deployment } from "../support/deployment";
import { type JobTraffic, referenceTraffic, shopTraffic } from "../support/load/traffic";
import { type Account, told, underLoad } from "../support/load/under-load";
import { LACKS_ENGINE } from "../support/requires";
import { waitFor } from "../support/wait-for";
import { APPS, type AppName } from "./apps";
import { releaseOf, setRelease } from "./change-release";

/** How many deploys in all; after each fourth comes a rollback. docs/releases.md has the figures of 20. */
const DEPLOYS = Number(process.env.QUEUEHOST_DEPLOYS ?? 4);
const EACH = 4;
/** Requests a second, to each application. */
const RATE = 40;
/** Jobs that last long enough to run when a release ends, in milliseconds for each of two steps or for one. */
const SLOW: Readonly<Record<AppName, Readonly<Record<string, string>>>> = {
  reference: { "env.CONFIRMATION_PACE_MS": "150" },
  shop: { "env.ORDER_HANDLING_MS": "300" },
};
/** Jobs that last far longer than a worker waits for them when it is asked to end. */
const ENDLESS: typeof SLOW = {
  reference: { "env.CONFIRMATION_PACE_MS": "4000", "env.DRAIN_SECONDS": "1" },
  shop: { "env.ORDER_HANDLING_MS": "8000", "env.STOP_AFTER_SECONDS": "1" },
};

describe.skipIf(LACKS_ENGINE)("releases under load, of two applications", () => {
  let deployments: Readonly<Record<AppName, Deployment>>;

  beforeAll(async () => {
    const reference = await Deployment.make("releases");
    deployments = { reference, shop: reference };
    const shop = await reference.beside("shop");
    deployments = { reference, shop };
    await shop.configure(APPS.shop.plain, APPS.shop.secrets);
    // Here workers fall behind on purpose, for which the watch would take a release back.
    await both((deployment, app) => deployment.configure({ ...SLOW[app], "watch.seconds": "0" }));
    await both((deployment) => deployment.up());
  });
  afterAll(() => deployments?.reference.end());

  const both = async <T>(work: (deployment: Deployment, app: AppName) => Promise<T>): Promise<Record<AppName, T>> => {
    const names: AppName[] = ["reference", "shop"];
    const results = await Promise.allSettled(names.map((app) => work(deployments[app], app)));
    const failed = results.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
    return Object.fromEntries(
      results.flatMap((result, index) => (result.status === "fulfilled" ? [[names[index], result.value]] : [])),
    );
  };
  const trafficOf = (app: AppName, run: string): JobTraffic => (app === "shop" ? shopTraffic() : referenceTraffic(run));

  test(`${DEPLOYS} deploys and ${DEPLOYS / EACH} rollbacks lose no request and no job, and do no job twice`, async () => {
    const seconds: Record<AppName, { deploy: number[]; rollback: number[] }> = {
      reference: { deploy: [], rollback: [] },
      shop: { deploy: [], rollback: [] },
    };
    const accounts = await both((deployment, app) =>
      underLoad(deployment, trafficOf(app, "deploys"), RATE, async () => {
        for (let count = 1; count <= DEPLOYS; count += 1) {
          await setRelease(deployment, app, `number ${count}`);
          const before = await releaseOf(deployment);
          seconds[app].deploy.push(await timed(() => deployment.up()));
          const after = await releaseOf(deployment);
          expect(after).not.toBe(before);
          if (count % EACH !== 0) continue;
          seconds[app].rollback.push(
            await timed(() => deployment.onServer("/opt/queuehost/app/release switch previous anna 'it is Friday'")),
          );
          expect(await releaseOf(deployment)).toBe(before);
        }
      }),
    );
    for (const [app, account] of Object.entries(accounts) as [AppName, Account][]) {
      const { deploy, rollback } = seconds[app];
      console.log(`${app}: ${told(account)}; up ${range(deploy)}, rollback ${range(rollback)}`);
      expect(account, app).toMatchObject({ failures: [], lost: [], doubled: [] });
      expect(account.enqueued, app).toBeGreaterThan(100);
    }
  }, 1_800_000);

  test("a page with a WebSocket is told to come again, and does", async () => {
    const { shop } = deployments;
    const { url } = await shop.subject();
    const open = () => new WebSocket(`${url.replace("http", "ws")}/live`);
    const first = open();
    await opened(first);
    const closed = new Promise<CloseEvent>((resolve) => first.addEventListener("close", resolve));
    await setRelease(shop, "shop", "websocket");
    await shop.up();
    expect(await closed).toMatchObject({ code: 1012, reason: "the shop restarts", wasClean: true });
    const second = open();
    await opened(second);
    const news = new Promise<MessageEvent>((resolve) => second.addEventListener("message", resolve));
    const order = { customer: "Ada", items: [{ sku: "tea", price: 4.5, quantity: 2 }] };
    // Which of the backends has the page is the proxy's choice, and each tells of its own orders.
    await waitFor("word of an order", async () => {
      const headers = { "content-type": "application/json" };
      await fetch(`${url}/orders`, { method: "POST", headers, body: JSON.stringify(order) });
      return Promise.race([news, new Promise((resolve) => setTimeout(resolve, 100))]);
    });
    second.close();
  });

  test("jobs that a worker can't finish in time are handed back, and run at once elsewhere, each to its end once", async () => {
    await both((deployment, app) => deployment.configure(ENDLESS[app]));
    await both((deployment) => deployment.up());
    const accounts = await both((deployment, app) =>
      underLoad(deployment, trafficOf(app, "endless"), 5, async () => {
        await waitFor("jobs to run", async () => (await running(deployment, app)) >= 3);
        await setRelease(deployment, app, "handing back");
        await deployment.up();
      }),
    );
    for (const [app, account] of Object.entries(accounts)) {
      console.log(`${app}: ${told(account)}`);
      expect(account, app).toMatchObject({ failures: [], lost: [], doubled: [] });
    }
    const given = "journalctl -q -o cat --no-pager _TRANSPORT=stdout | grep -cE 'zurück in die Queue|given back'";
    const taken = "journalctl -q -o cat --no-pager | grep -cE 'eines abgebrochenen Workers|stalled more' || :";
    for (const count of Object.values(await both((deployment) => deployment.onServer(given)))) {
      expect(Number(count)).toBeGreaterThanOrEqual(3);
    }
    // A job that stalls waits for seconds, and BullMQ says so.
    expect(await both((deployment) => deployment.onServer(taken))).toEqual({ reference: "0", shop: "0" });
  });

  test("everything is as it should be after all that", async () => {
    expect(await both((deployment) => deployment.red())).toEqual({ reference: [], shop: [] });
  });

  /** How many jobs workers have in hand. */
  async function running(deployment: Deployment, app: AppName): Promise<number> {
    const keys = app === "shop" ? ["bull:orders"] : ["high", "default", "low"].map(queueKey);
    const asked = keys.map((key) => `REDISCLI_AUTH=$password redis-cli llen ${key}:active`).join("; ");
    const password = await deployment.pulumi.config("redis.password");
    const counts = await deployment.onServer(`password='${password}'\n${asked}`);
    return counts.split("\n").reduce((sum, count) => sum + Number(count), 0);
  }
});

const queueKey = (priority: string) => `queuehost:reservation${priority === "default" ? "" : `-${priority}`}`;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** Median and longest. */
function range(seconds: readonly number[]): string {
  const sorted = [...seconds].sort((a, b) => a - b);
  const [median = Number.NaN] = sorted.slice(Math.floor(sorted.length / 2));
  return `${median.toFixed(1)} s (longest ${Math.max(...seconds).toFixed(1)} s)`;
}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error("the WebSocket doesn't open")));
  });
}
