import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { table } from "../../scripts/commands/verify";
import { run } from "../../scripts/lib/run";
import { Deployment } from "../support/deployment";
import { LACKS_ENGINE } from "../support/requires";
import { waitFor } from "../support/wait-for";

/** The release before this one: 0.1.0. */
const PREVIOUS = "8e7ebd7";
const ROOT = join(__dirname, "../..");
const hasPrevious = async () =>
  (await run("git", ["cat-file", "-e", `${PREVIOUS}^{commit}`], { cwd: ROOT })).exitCode === 0;

/** Waiting when the upgrade begins, at a pace at which some still wait when it has ended. */
const JOBS = 120;
const PACE_MS = "300";

describe.skipIf(LACKS_ENGINE)("a machine that the release before made", () => {
  const folder = mkdtempSync(join(tmpdir(), "queuehost-previous-"));
  const previous = join(folder, "checkout");
  let deployment: Deployment;
  let known: boolean;

  beforeAll(async () => {
    known = await hasPrevious();
    deployment = await Deployment.make("upgrade");
  });
  afterAll(async () => {
    await deployment?.end();
    await run("git", ["worktree", "remove", "--force", previous], { cwd: ROOT });
    rmSync(folder, { recursive: true, force: true });
  });

  test("comes to this one with its server, its keys and its jobs", async (context) => {
    if (!known) context.skip(`the commit ${PREVIOUS} of the release before isn't in this clone`);
    await deployment.pulumi.configure(
      { "queuehost:queue.concurrency": "1", "queuehost:env.CONFIRMATION_PACE_MS": PACE_MS },
      {},
    );
    // The twin's own to say, and no key of the release before.
    await deployment.pulumi.read(["config", "rm", "queuehost:storageBox.hostKey"]);
    await upWithPrevious();
    const { url } = await outputs();
    const server = (await deployment.subject()).serverId;
    const ids = await Promise.all(Array.from({ length: JOBS }, (_, index) => reserve(url, `upgrade-${index}`)));
    const completed = async () =>
      (await Promise.all(ids.map((id) => statusOf(url, id)))).filter((status) => status === "completed").length;
    expect(await completed()).toBeLessThan(JOBS);

    const steps = await deployment.up();

    // Renamed, not made anew: what is new here are the parts that the release before didn't have.
    expect(steps.filter((step) => !step.startsWith("update "))).toEqual([
      "create queuehost",
      "create queuehost-postgres",
      "create queuehost-postgres",
      "create queuehost-release-pm2",
      "create queuehost-release-pm2",
    ]);
    expect((await deployment.subject()).serverId).toBe(server);
    await waitFor("every job that waited to be done", async () => (await completed()) === JOBS, 120);
    // What the workers of both releases have told; a job that is done a second time finds it done.
    const told = await deployment.onServer(
      "journalctl -u 'queuehost-worker*' -o cat | sed -nE 's/.*Job (upgrade-[0-9]+) fertig \\([0-9]+ ms\\).*/\\1/p'",
    );
    expect(told.split("\n").sort()).toEqual([...ids].sort());
    const checks = await deployment.verify();
    expect(
      checks.filter(({ ok }) => !ok),
      table(checks),
    ).toEqual([]);
    expect(await deployment.up()).toEqual([]);
  });

  /** The program of the release before, on the same stack: its dependencies are among ours. */
  async function upWithPrevious(): Promise<void> {
    await run("git", ["worktree", "add", "--detach", previous, PREVIOUS], { cwd: ROOT });
    symlinkSync(join(ROOT, "node_modules"), join(previous, "node_modules"));
    const config = `Pulumi.${deployment.pulumi.stack}.yaml`;
    cpSync(join(ROOT, config), join(previous, config));
    const { exitCode, output } = await run(
      "pulumi",
      ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", deployment.pulumi.stack],
      { cwd: previous, preferLocal: true, env: deployment.rehearsal.environment },
    );
    expect(exitCode, output).toBe(0);
  }

  const outputs = async () => (await deployment.pulumi.outputs()) as { url: string };
});

/** Orders a confirmation and gives its id. */
async function reserve(url: string, key: string): Promise<string> {
  const response = await fetch(new URL("/reservations", url), {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify({
      guest: "Guest",
      email: "guest@example.org",
      resource: "Room",
      from: "2030-01-01",
      to: "2030-01-02",
    }),
  });
  expect(response.status).toBe(202);
  return key;
}

async function statusOf(url: string, id: string): Promise<string> {
  const response = await fetch(new URL(`/reservations/${id}`, url));
  return ((await response.json()) as { status: string }).status;
}
