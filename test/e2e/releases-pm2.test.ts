import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Deployment } from "../support/deployment";
import { referenceTraffic } from "../support/load/traffic";
import { type Account, told, underLoad } from "../support/load/under-load";
import { LACKS_ENGINE } from "../support/requires";
import { waitFor } from "../support/wait-for";
import { releaseOf, setRelease } from "./change-release";
import { reserve, statusOf } from "./reservations";

/** Requests a second. */
const RATE = 30;
const DEPLOYS = 3;

describe.skipIf(LACKS_ENGINE)("under load, with PM2,", () => {
  let deployment: Deployment;

  beforeAll(async () => {
    deployment = await Deployment.make("pm2");
    await deployment.configure({ processManager: "pm2", "env.CONFIRMATION_PACE_MS": "150" });
    await deployment.up();
  });
  afterAll(() => deployment?.end());

  const loaded = async (run: string, work: () => Promise<void>): Promise<Account> => {
    const account = await underLoad(deployment, referenceTraffic(run), RATE, work);
    console.log(`${run}: ${told(account)}`);
    return account;
  };

  test(`${DEPLOYS} deploys and a rollback lose no request and no job, and do no job twice`, async () => {
    const account = await loaded("deploys", async () => {
      let before = "";
      for (let count = 1; count <= DEPLOYS; count += 1) {
        before = await releaseOf(deployment);
        await setRelease(deployment, "reference", `number ${count}`);
        await deployment.up();
        expect(await releaseOf(deployment)).not.toBe(before);
      }
      const started = performance.now();
      await deployment.onServer("/opt/queuehost/app/release switch previous anna 'it is Friday'");
      console.log(`rollback: ${((performance.now() - started) / 1000).toFixed(1)} s`);
      expect(await releaseOf(deployment)).toBe(before);
    });
    expect(account).toMatchObject({ failures: [], lost: [], doubled: [] });
    await setRelease(deployment, "reference", "after the rollback");
    await deployment.up();
  });

  test("another process manager, and back, is one change of the configuration each", async () => {
    const account = await loaded("managers", async () => {
      for (const manager of ["systemd", "pm2"]) {
        await deployment.configure({ processManager: manager });
        await deployment.up();
        expect(await deployment.onServer("/opt/queuehost/app/release status")).toContain(`manager=${manager}\n`);
      }
    });
    expect(account).toMatchObject({ failures: [], lost: [], doubled: [] });
    expect(await deployment.red()).toEqual([]);
  });

  test("a server that starts again has its release in service, and goes on with the jobs that waited", async () => {
    const before = await releaseOf(deployment);
    const { url, serverId } = await deployment.subject();
    const ids = Array.from({ length: 40 }, (_, index) => `reboot-${index}`);
    expect(await Promise.all(ids.map((id) => reserve(deployment, id)))).toEqual(ids.map(() => 202));
    await deployment.api(`/servers/${serverId}/actions/reboot`, "POST");
    await waitFor("the server to be down", async () => !(await healthy(url)), 60);
    await waitFor("it to be up again", () => healthy(url), 120);
    expect(await releaseOf(deployment)).toBe(before);
    const completed = async () => Promise.all(ids.map((id) => statusOf(deployment, id)));
    await waitFor("all jobs to be done", async () => (await completed()).every((status) => status === "completed"), 60);
    await waitFor("everything to be as it should be", async () => (await deployment.red()).length === 0, 60);
  });
});

async function healthy(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
  return answer?.ok === true;
}
