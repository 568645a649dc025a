import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PACKAGE } from "../../scripts/lib/places";
import { type Ended, run } from "../../scripts/lib/run";
import type { Kept, Status } from "../../scripts/release/records";
import { Deployment } from "../support/deployment";
import { LACKS_ENGINE } from "../support/requires";

/** A change of the application: a file more in what is built. */
const built = (word: string) => `node build.cjs && echo ${word} >dist/word.txt`;

describe.skipIf(LACKS_ENGINE)("the commands that change releases", () => {
  let deployment: Deployment;
  /** Releases by what changed. */
  const ids: Record<string, string> = {};

  beforeAll(async () => {
    deployment = await Deployment.make("commands");
    await deployment.configure({ "watch.seconds": "0" });
  });
  afterAll(() => deployment?.end());

  test("a stack that isn't there is told in one message, with the name that was meant", async () => {
    const wrong = `${deployment.pulumi.stack}x`;
    for (const command of [
      ["status"],
      ["deploy"],
      ["rollback", "--yes"],
      ["verify"],
      ["env", "diff"],
      ["up", "--yes"],
    ]) {
      const { exitCode, output } = await queuehost(...command, "--stack", wrong);
      expect(exitCode, output).toBe(1);
      expect(output).not.toContain("error:");
      expect(output.trim().split("\n").at(-1)).toContain(
        `there is no stack ${wrong} here. Did you mean ${deployment.pulumi.stack}?`,
      );
    }
  });

  test("without a server there is nothing to roll back, and it is said how to get one", async () => {
    const { exitCode, output } = await onStack("rollback", "--yes");
    expect(exitCode).toBe(1);
    expect(output).toMatch(/^Stack \S+ has no server\. Bring it up first: .* up --stack/);
  });

  test("deploy brings up a stack that has no server yet, and then what changed", async () => {
    ids.first = (await json("deploy")).release;
    await deployment.configure({ "app.build": built("second") });
    const dry = await onStack("deploy", "--dry-run");
    expect(dry.exitCode, dry.output).toBe(0);
    expect((await live()).release).toBe(ids.first);

    const { release, before, source, bytes, seconds } = await json("deploy");
    ids.second = release;
    expect(dry.output).toContain(`release ${release}`);
    expect(before).toBe(ids.first);
    expect(source.commit).toMatch(/^[0-9a-f]{10,}$/);
    expect(bytes).toBeGreaterThan(100_000);
    expect(Object.keys(seconds)).toEqual(["look", "build", "heal", "up"]);
    expect((await deployment.pulumi.outputs()).releaseId).toBe(release);
    expect((await kept()).map(({ id, state }) => [id, state])).toEqual([
      [ids.second, "live"],
      [ids.first, "kept"],
    ]);
  });

  test("an unknown release is refused with those that there are, and nothing is touched", async () => {
    const { exitCode, output } = await onStack("rollback", "--yes", "--to", "0123456789ab");
    expect(exitCode).toBe(1);
    expect(output).toMatch(
      /^--to: should be a release that the server keeps, got 0123456789ab\. Nothing was touched\./,
    );
    expect(output).toContain(`  ${ids.first}  kept`);
    expect((await live()).release).toBe(ids.second);
    expect((await onStack("rollback")).output).toMatch(/^--yes: is needed/);
  });

  test("rollback is a matter of seconds, Pulumi's state agrees, and the next up keeps it", async () => {
    const { from, to, seconds } = await json("rollback", "--yes", "--why", "it greets in Latin");
    expect({ from, to }).toEqual({ from: ids.second, to: ids.first });
    expect(seconds).toBeGreaterThan(0);
    expect((await live()).release).toBe(ids.first);
    expect((await deployment.pulumi.outputs()).releaseId).toBe(ids.first);
    expect(deployment.readConfig()).toContain(`app.release: ${ids.first}`);
    expect((await kept()).find(({ id }) => id === ids.second)).toMatchObject({
      state: "refused",
      why: "it greets in Latin",
    });
    expect(await deployment.up()).toEqual([]);
    expect((await live()).release).toBe(ids.first);
    expect(await deployment.red()).toEqual([]);
  });

  test("a deploy that doesn't get there leaves the held release in service, and held", async () => {
    await deployment.configure({ "app.build": built("third"), "app.migrate": "node -e process.exit(3)" });
    const { exitCode, output } = await onStack("deploy");
    await deployment.pulumi.read(["config", "rm", "app.migrate"]);
    await deployment.configure({ "app.build": built("second") });
    expect(exitCode, output).toBe(1);
    expect(output).toContain(`app.release held ${ids.first}; it is taken out`);
    expect(output).toContain(`app.release holds ${ids.first} again`);
    expect(output).toMatch(/migrat/);
    expect(output.trim()).toMatch(/deploy --stack \S+ goes on from here\.$/);
    expect((await live()).release).toBe(ids.first);
    // What was sent before it failed, and is in no program any more.
    expect(await deployment.up()).toEqual(["delete queuehost-release-artefact"]);
  });

  test("what was taken back is deployed again only where that is wanted", async () => {
    const refused = await onStack("deploy");
    expect(refused.exitCode).toBe(1);
    expect(refused.output).toMatch(
      new RegExp(
        `Release ${ids.second} was taken back by .*: it greets in Latin\\. Release ${ids.first} stays in service`,
      ),
    );
    expect((await live()).release).toBe(ids.first);
    expect(deployment.readConfig()).toContain("app.release");
    expect((await json("deploy", "--again")).release).toBe(ids.second);
    expect(deployment.readConfig()).not.toContain("app.release");
    expect(await deployment.up()).toEqual([]);
    expect(await deployment.red()).toEqual([]);
  });

  test("what the watch took back is told and recorded by the next command, not undone by it", async () => {
    const goBack = `/opt/queuehost/app/release switch ${ids.first} 'the watch' '12 % of the jobs fail'`;
    await deployment.onServer(goBack);
    const seen = await onStack("status");
    expect(seen.exitCode, seen.output).toBe(1);
    expect(seen.output).toContain(`Release ${ids.second} was taken back by the watch`);
    const { exitCode, output } = await onStack("up", "--yes", "--no-verify");
    expect(exitCode, output).toBe(0);
    expect(output).toContain(`Release ${ids.first} is in service.`);
    expect((await live()).release).toBe(ids.first);
    expect((await deployment.pulumi.outputs()).releaseId).toBe(ids.first);
    expect(await deployment.up()).toEqual([]);

    expect((await json("deploy", "--again")).release).toBe(ids.second);
    await deployment.onServer(goBack);
    const recorded = await json("rollback", "--yes");
    expect(recorded).toMatchObject({ to: ids.first, recorded: true, seconds: 0 });
    expect(await deployment.up()).toEqual([]);
    expect(await deployment.red()).toEqual([]);
  });

  test("a lock keeps everybody out, says whose it is, and is lifted", async () => {
    expect((await onStack("lock", "--why", "stock-taking")).exitCode).toBe(0);
    for (const command of [["up", "--yes"], ["deploy"], ["rollback", "--yes", "--to", ids.first ?? ""], ["restart"]]) {
      const { exitCode, output } = await onStack(...command);
      expect(exitCode, output).toBe(1);
      expect(output).toMatch(
        /is locked by \S+ since .* UTC \(.* ago\): stock-taking\. Nothing was changed\. .* unlock --stack/,
      );
    }
    // Plain pulumi gets the same from the server.
    await deployment.configure({ "env.MOTTO": "calm" });
    await expect(deployment.up()).rejects.toThrow(/locked by .*: stock-taking/);
    expect((await onStack("unlock")).output).toMatch(/was locked by .*: stock-taking\. It isn't any more\./);
    expect((await onStack("unlock")).output).toMatch(/wasn't locked/);
    await deployment.up();
  });

  test("maintenance answers 503 to everybody, with when to come again", async () => {
    const { url } = await deployment.subject();
    expect((await onStack("maintenance", "on", "--reason", "We move house", "--retry-after", "90")).exitCode).toBe(0);
    const closed = await fetch(url);
    expect([closed.status, closed.headers.get("retry-after")]).toEqual([503, "90"]);
    expect(await closed.text()).toContain("We move house");
    const seen = await onStack("status");
    expect(seen.exitCode, seen.output).toBe(0);
    expect(seen.output).toMatch(/^maintenance +on, by .*: We move house$/m);
    expect((await onStack("maintenance", "off")).exitCode).toBe(0);
    expect((await fetch(url)).status).toBeLessThan(500);
    const wrong = await onStack("maintenance", "on", "--retry-after", "soon");
    expect(wrong.output).toContain("should be seconds from 1 to 604800, got soon");
  });

  test("restart runs the same release anew, whole or one process of it", async () => {
    const before = await live();
    expect((await json("restart")).release).toBe(before.release);
    const after = await live();
    expect(after.side).not.toBe(before.side);
    expect(after.release).toBe(before.release);
    await json("restart", "--process", "worker");
    const pids = (status: Status, process: string) =>
      status.instances.filter(({ unit }) => unit.includes(`-${process}`)).map(({ pid }) => pid);
    const last = await live();
    expect(pids(last, "backend")).toEqual(pids(after, "backend"));
    expect(pids(last, "worker")).not.toEqual(pids(after, "worker"));
    const { exitCode, output } = await onStack("restart", "--process", "nosuch");
    expect(exitCode).toBe(1);
    expect(output).toContain("nosuch is no process of queuehost");
  });

  test("status shows the queues, the backup and the disk, and names what is wrong", async () => {
    const { stdout, exitCode } = await onStack("status", "--json");
    expect(exitCode, stdout).toBe(0);
    const seen = JSON.parse(stdout);
    expect(seen).toMatchObject({ ok: true, faults: [], release: ids.first, health: { ok: true } });
    expect(seen.queues.map(({ name }: { name: string }) => name)).toContainEqual(expect.stringMatching(/^queuehost:/));
    expect(seen.disk.usedPercent).toBeLessThan(100);
    const [worker] = seen.instances.filter(({ unit }: { unit: string }) => unit.includes("worker"));
    await deployment.onServer(`systemctl stop ${worker.unit}`);
    const broken = await onStack("status");
    await deployment.onServer(`systemctl start ${worker.unit}`);
    expect(broken.exitCode).toBe(1);
    expect(broken.output).toMatch(new RegExp(`^WRONG +${worker.unit} is inactive`, "m"));
  });

  /** The command line, as a script runs it. */
  function queuehost(...args: string[]): Promise<Ended> {
    return run(process.execPath, ["--import", "tsx", join(PACKAGE, "scripts/queuehost.ts"), ...args], {
      cwd: PACKAGE,
      env: deployment.rehearsal.environment,
      stdin: "ignore",
    });
  }

  const onStack = (...args: string[]) => queuehost(...args, "--stack", deployment.pulumi.stack);

  async function json(...args: string[]) {
    const { exitCode, stdout, output } = await onStack(...args, "--json");
    expect(exitCode, output).toBe(0);
    return JSON.parse(stdout);
  }

  const live = async (): Promise<Status> => JSON.parse((await onStack("status", "--json")).stdout);
  const kept = async (): Promise<Kept[]> => (await json("releases")).releases;
});
