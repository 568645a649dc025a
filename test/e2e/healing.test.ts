import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { heal } from "../../scripts/healing";
import { Deployment } from "../support/deployment";
import { LACKS_ENGINE } from "../support/requires";
import { waitFor } from "../support/wait-for";

/** Moments of a first `up`, each by the line with which the engine announces it, and what must have been found then. */
const MOMENTS = [
  { name: "before the server exists", line: /server-first-host-key creating/, tookOver: [] },
  { name: "while the server is in creation", line: /Server \S+ creating/, tookOver: ["server"] },
  { name: "during first contact", line: /first-contact creating/, tookOver: [] },
] as const;

describe.skipIf(LACKS_ENGINE)("an up that was killed", () => {
  let deployment: Deployment;
  beforeEach(async () => {
    deployment = await Deployment.make("healing");
  });
  afterEach(() => deployment?.end());

  test.each(MOMENTS)("$name is healed: its lock released, nothing made twice, nothing replaced", async (moment) => {
    await killedAt(moment.line, moment.tookOver.length > 0);
    const before = await servers();
    const said = await healed();
    expect(said.join("\n")).toMatch(/^released the lock of an operation that was killed \(process \d+, since /m);
    for (const noun of moment.tookOver) expect(said.join("\n")).toMatch(new RegExp(`^took over ${noun} `, "m"));
    const steps = await deployment.up();
    expect(steps.filter((step) => /replace|delete/.test(step))).toEqual([]);
    const after = await servers();
    expect(after).toHaveLength(1);
    if (before.length > 0) expect(after).toEqual(before);
    expect(await deployment.red()).toEqual([]);
    expect(await healed()).toEqual([]);
  });

  /** Begins an up and kills it, with all that it started, at a line. */
  async function killedAt(line: RegExp, untilServer: boolean): Promise<void> {
    let said = "";
    const { child, ended } = await deployment.pulumi.start(["up", "--yes", "--skip-preview"], (text) => {
      said += `${text}\n`;
    });
    await waitFor(`the line ${line}`, () => line.test(said), 120);
    if (untilServer) await waitFor("the twin to have the server", async () => (await servers()).length === 1, 30);
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
