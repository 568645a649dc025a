import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Kept } from "../../scripts/environment/rescue/note";
import { PACKAGE } from "../../scripts/lib/places";
import { type Ended, run } from "../../scripts/lib/run";
import { Deployment } from "../support/deployment";
import { LACKS_ENGINE } from "../support/requires";
import { waitFor } from "../support/wait-for";
import { reserve, statusOf } from "./reservations";

describe.skipIf(LACKS_ENGINE)("a server that is lost, and its backups at a Storage Box", () => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await Deployment.make("recreate");
    await deployment.configure(
      { "backups.to": "storage-box", "server.protect": "true", "server.keepAddress": "true" },
      { "backups.password": "0123456789abcdef0123456789abcdef" },
    );
    await deployment.up();
  });
  afterAll(async () => {
    if (deployment) new Kept(deployment.pulumi.stack).remove();
    await deployment?.end();
  });

  test("comes back with its jobs, under its address, though it was protected", async () => {
    const { host, serverId } = await deployment.subject();
    expect(await reserve(deployment, "before-the-loss")).toBeLessThan(300);
    await waitFor("the job's end", async () => (await statusOf(deployment, "before-the-loss")) === "completed", 60);
    const { exitCode, output } = await queuehost("backups", "now", "--json");
    expect(exitCode, output).toBe(0);
    // As a person could in the console.
    await deployment.api(`/servers/${serverId}/actions/change_protection`, "POST", { delete: false, rebuild: false });
    await waitFor(
      "the server to be unlocked",
      () => deployment.api(`/servers/${serverId}`, "DELETE").then(() => true),
      30,
    );
    await waitFor("the server's end", async () => (await servers()).length === 0, 60);

    const up = await queuehost("up", "--yes");
    expect(up.exitCode).toBe(1);
    expect(up.output).toMatch(
      /^(.*\n)?The server \S+ \(\d+\) of stack \S+ no longer exists at Hetzner\. Nothing was changed\. .* recreate --stack \S+ --restore latest$/,
    );
    const seen = answers(host);
    const back = await queuehost("recreate", "--restore", "latest", "--yes", "--json");
    expect(back.exitCode, back.output).toBe(0);
    const { ok, jobs, seconds, address } = JSON.parse(back.stdout);
    expect({ ok, address }).toEqual({ ok: true, address: { before: host, now: host } });
    expect(jobs.backup).toBeGreaterThan(0);
    console.log(`lost and back in ${seconds.total} s, ${jobs.backup - jobs.now} of ${jobs.backup} jobs lost`);
    expect(jobs.now).toBe(jobs.backup);
    // Nobody was served before the data was back. A proxy that has just been installed finds nothing (404).
    expect((await seen.end()).filter((status) => status !== 404)).toEqual([503, 200]);
    expect(await deployment.up()).toEqual([]);
    expect(await statusOf(deployment, "before-the-loss")).toBe("completed");
    expect((await servers())[0]?.protection).toEqual({ delete: true, rebuild: true });
  });

  test("its Storage Box outlives it, until somebody says that as well", async () => {
    // Of a server that doesn't answer, too.
    const { serverId } = await deployment.subject();
    await deployment.api(`/servers/${serverId}/actions/poweroff`, "POST");
    await waitFor("the server to be off", async () => (await servers())[0]?.status === "off", 60);
    await deployment.configure({ "server.protect": "false" });
    await deployment.up();
    const first = await queuehost("destroy", "--yes");
    expect(first.exitCode, first.output).toBe(0);
    expect(first.stdout).toMatch(/nothing is left in the cloud but Storage Box \S+ \(/);
    expect(first.stdout).toMatch(/To delete its backups too, for good: .* destroy --stack \S+ --with-backups$/);
    expect([await servers(), (await boxes()).length]).toEqual([[], 1]);
    const second = await queuehost("destroy", "--yes", "--with-backups");
    expect(second.exitCode, second.output).toBe(0);
    expect(await boxes()).toEqual([]);
  });

  /** The command line on this stack, as a script runs it. */
  function queuehost(...words: string[]): Promise<Ended> {
    return run(
      process.execPath,
      ["--import", "tsx", join(PACKAGE, "scripts/queuehost.ts"), ...words, "--stack", deployment.pulumi.stack],
      { cwd: PACKAGE, env: deployment.rehearsal.environment, stdin: "ignore" },
    );
  }

  /** What an address answers from now on: each status once more where it changes. */
  function answers(host: string) {
    const statuses: number[] = [];
    let ended = false;
    const looking = (async () => {
      while (!ended) {
        const status = await fetch(`http://${host}/health`, { signal: AbortSignal.timeout(2_000) }).then(
          (answer) => answer.status,
          () => undefined,
        );
        if (status !== undefined && status !== statuses.at(-1)) statuses.push(status);
        await sleep(200);
      }
    })();
    return {
      async end() {
        ended = true;
        await looking;
        return statuses;
      },
    };
  }

  const servers = async () =>
    (await deployment.api<{ servers: { id: number; status: string; protection: object }[] }>("/servers")).servers;
  const boxes = async () => (await deployment.api<{ storage_boxes: object[] }>("/storage_boxes")).storage_boxes;
});
