import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { heal } from "../../scripts/healing";
import { Deployment } from "../support/deployment";
import { LACKS_ENGINE } from "../support/requires";
import { waitFor } from "../support/wait-for";

/** Moments of a first `up`, each by the line with which the engine announces it, and what is to be taken over then. */
const MOMENTS = [
  { name: "before the server exists", line: /-host-key creating/, servers: 0 },
  { name: "while the server is in creation", line: /Server \S+ creating/, servers: 1, tookOver: "server" },
  { name: "during first contact", line: /first-contact creating/, servers: 1 },
] as const;

describe.skipIf(LACKS_ENGINE)("an up that was killed, again and again", () => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await Deployment.make("healing");
  });
  afterAll(() => deployment?.end());

  test.each(MOMENTS)("$name, is healed: its lock is released, what was made is taken over", async (moment) => {
    await killedAt(moment.line, moment.servers);
    const said = (await healed()).join("\n");
    expect(said).toMatch(/^released the lock of an operation that was killed \(process \d+, since /m);
    if ("tookOver" in moment) expect(said).toMatch(new RegExp(`^took over ${moment.tookOver} `, "m"));
    else expect(said).not.toContain("took over server");
    expect(await servers()).toHaveLength(moment.servers);
    expect(await healed()).toEqual([]);
  });

  test("goes up afterwards with the server that is there, and everything is as it should be", async () => {
    const before = await servers();
    const steps = await deployment.up();
    expect(steps.filter((step) => /replace|delete|create (server|\S+-server)$/.test(step))).toEqual([]);
    expect(await servers()).toEqual(before);
    expect(await deployment.red()).toEqual([]);
  });

  test("while another is at work, nothing is healed, and it is named", async () => {
    const { rehearsal, pulumi } = deployment;
    const locks = join(rehearsal.backend, ".pulumi/locks/organization/queuehost", pulumi.stack);
    mkdirSync(locks, { recursive: true });
    const holder = { pid: process.pid, username: "anna", hostname: hostname(), timestamp: new Date().toISOString() };
    writeFileSync(join(locks, "anna.json"), JSON.stringify(holder));
    const refusal = await healed().then(String, String);
    expect(refusal).toMatch(/is locked by anna@\S+ \(process \d+\) since .*\. Wait for it to end/);
    expect(existsSync(join(locks, "anna.json"))).toBe(true);
    rmSync(join(locks, "anna.json"));
    expect(await healed()).toEqual([]);
  });

  test("attributes of a state that were cut off in writing keep nobody from it", async () => {
    const file = join(
      deployment.rehearsal.backend,
      ".pulumi/stacks/queuehost",
      `${deployment.pulumi.stack}.json.attrs`,
    );
    writeFileSync(file, "");
    expect((await deployment.pulumi.run(["stack", "export"])).output).toContain("failed to load checkpoint: EOF");
    expect(await healed()).toEqual([expect.stringContaining("removed attributes")]);
    expect((await deployment.pulumi.run(["stack", "export"])).exitCode).toBe(0);
  });

  test("things in the cloud that the state can't have made are left alone, and named", async () => {
    const state = await deployment.pulumi.read(["stack", "export"]);
    const empty = JSON.parse(state);
    empty.deployment.resources = [];
    await deployment.pulumi.read(["stack", "import"], JSON.stringify(empty));
    const before = await servers();
    const refusal = await healed().then(String, String);
    await deployment.pulumi.read(["stack", "import"], state);
    expect(refusal).toMatch(/server \S+ \(\d+\): the state has no trace of it/);
    expect(await servers()).toEqual(before);
    expect(await healed()).toEqual([]);
  });

  /** Begins an up and kills it, with its plugins, at a line, once the cloud has so many servers. */
  async function killedAt(line: RegExp, count: number): Promise<void> {
    let said = "";
    const { child, ended } = await deployment.pulumi.start(["up", "--yes", "--skip-preview"], (text) => {
      said += `${text}\n`;
    });
    const early = ended.then(() => {
      throw new Error(`it ended before ${line}:\n${said}`);
    });
    await Promise.race([waitFor(`the line ${line}`, () => line.test(said), 240), early]);
    await waitFor("the server to be asked for", async () => (await servers()).length === count, 60);
    early.catch(() => {});
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await ended;
  }

  async function healed(): Promise<string[]> {
    const said: string[] = [];
    await heal(deployment.pulumi, (line) => said.push(line));
    return said;
  }

  const servers = async () =>
    (await deployment.api<{ servers: { id: number }[] }>("/servers")).servers.map(({ id }) => id);
});
