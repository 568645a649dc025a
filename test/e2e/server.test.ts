import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { PROJECT } from "../../scripts/lib/places";
import { Pulumi } from "../../scripts/lib/pulumi";
import { ensureStack } from "../../scripts/rehearsal/stack";
import { startTwin, stopTwin } from "../../twin/client";
import { Deployment } from "../support/deployment";
import { freePort } from "../support/free-port";
import { LACKS_ENGINE } from "../support/requires";
import { waitFor } from "../support/wait-for";
import { reserve, statusOf } from "./reservations";

interface Server {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly server_type: { readonly name: string };
  readonly location: { readonly name: string };
  readonly protection: { readonly delete: boolean; readonly rebuild: boolean };
}

describe.skipIf(LACKS_ENGINE)("the server", () => {
  let deployment: Deployment;
  const started = Date.now();
  const jobs = (index: number) => `resize-${started}-${index}`;

  beforeAll(async () => {
    deployment = await Deployment.make("server");
    await set({ "server.type": "cx23, cx33", "server.location": "nbg1, fsn1" });
  });
  afterAll(async () => {
    await deployment?.end();
    // What this test remembered of orders that were refused.
    rmSync(join(PROJECT, `.queuehost/orders-${deployment?.pulumi.stack}.json`), { force: true });
  });

  // Everything is to be had again.
  afterEach(() => sellOut());

  const set = (settings: Record<string, string>) =>
    deployment.pulumi.configure(
      Object.fromEntries(Object.entries(settings).map(([key, value]) => [`queuehost:${key}`, value])),
      {},
    );
  const servers = () => deployment.api<{ servers: Server[] }>("/servers").then(({ servers }) => servers);
  /** The stack's only server, in few words. */
  const server = async () => {
    const [one, ...others] = await servers();
    expect(others).toEqual([]);
    return { id: one?.id, type: one?.server_type.name, location: one?.location.name, status: one?.status };
  };
  /** What Hetzner says it hasn't got; with `listed: false`, only once it is asked for. */
  const sellOut = async (...sold_out: { server_type: string; location: string; listed?: boolean }[]) => {
    const answer = await fetch(deployment.twin.endpoint.replace(/\/v1$/, "/twin/sold-out"), {
      method: "PUT",
      headers: { authorization: `Bearer ${deployment.twin.token}`, "content-type": "application/json" },
      body: JSON.stringify({ sold_out }),
    });
    expect(answer.status).toBe(200);
  };
  /** An `up` that is refused: in how many words it says what, without a stack trace. */
  const refused = async (pulumi: Pulumi = deployment.pulumi, command = "up") => {
    const { exitCode, output } = await pulumi.run([command, "--yes", "--skip-preview", "--color", "never"]);
    expect(exitCode, output).not.toBe(0);
    expect(output).not.toMatch(/^\s+at .*:\d+:\d+/m);
    return output;
  };

  describe("before there is one", () => {
    test("isn't ordered under a name that somebody else's server has", async () => {
      const name = `queuehost-${deployment.pulumi.stack}`;
      const { server } = await deployment.api<{ server: Server }>("/servers", "POST", {
        name,
        server_type: "cx23",
        image: "debian-13",
        location: "nbg1",
        start_after_create: false,
      });
      const output = await refused();
      expect(output).toContain(
        `server.name: should be a name of its own, got "${name}", which is a server (${server.id}) of somebody else in the same project at Hetzner. Nothing was changed.`,
      );
      expect(await left()).toEqual([1, 0, 0]);
      await deleteByHand(server.id);
    });

    test("isn't ordered where nothing of the lists is to be had", async () => {
      await sellOut(
        ...["cx23", "cx33"].flatMap((server_type) => ["nbg1", "fsn1"].map((location) => ({ server_type, location }))),
      );
      const output = await refused();
      expect(output).toContain("cx23 in nbg1 is sold out, cx23 in fsn1 is sold out, cx33 in nbg1 is sold out");
      expect(output).toContain("npx pulumi config set server.location 'nbg1, fsn1, hel1'");
      expect(await left()).toEqual([0, 0, 0]);
    });

    test("isn't ordered with a typo in a list, even where another entry can be had", async () => {
      await set({ "server.type": "cx23, cx99" });
      expect(await refused()).toContain("server.type: should be server types that Hetzner offers");
      await set({ "server.type": "cx23, cx33", "server.location": "nbg1, fsn2" });
      expect(await refused()).toContain(
        `server.location: should be locations of Hetzner's (ash, fsn1, hel1, hil, nbg1, sin), got "fsn2"`,
      );
      await set({ "server.location": "nbg1, fsn1" });
      expect(await left()).toEqual([0, 0, 0]);
    });

    test("is ordered elsewhere, the second time, where Hetzner's list was wrong", async () => {
      await sellOut({ server_type: "cx23", location: "nbg1", listed: false });
      expect(await refused()).toContain("error during placement (resource_unavailable)");
      expect(await servers()).toEqual([]);
      await deployment.up();
      expect(await server()).toMatchObject({ type: "cx23", location: "fsn1", status: "running" });
    });
  });

  describe("once it is there", () => {
    let id: number | undefined;

    test("is kept when what comes first in the lists is to be had again", async () => {
      id = (await server()).id;
      expect(await deployment.up()).toEqual([]);
      await set({ "server.type": "cx33, cx23" });
      expect(await deployment.up()).toEqual([]);
      expect(await server()).toMatchObject({ id, type: "cx23", location: "fsn1" });
    });

    test("becomes another type in place, and keeps its jobs", async () => {
      await deployment.onServer("systemctl stop 'queuehost-worker@*'");
      const sent = await Promise.all(Array.from({ length: 20 }, (_, index) => reserve(deployment, jobs(index))));
      expect(new Set(sent)).toEqual(new Set([202]));
      await set({ "server.type": "cx33" });
      const steps = await deployment.up();
      expect(steps.filter((step) => !step.startsWith("update "))).toEqual([]);
      expect(await server()).toMatchObject({ id, type: "cx33", location: "fsn1", status: "running" });
      for (let index = 0; index < 20; index += 1)
        await waitFor(`job ${index}`, async () => (await statusOf(deployment, jobs(index))) === "completed", 60);
      expect(await deployment.red()).toEqual([]);
    });

    test("gets its power back where another type was refused, and says what it can't become", async () => {
      await set({ "server.type": "cx43" });
      await sellOut({ server_type: "cx43", location: "fsn1", listed: false });
      expect(await refused()).toContain("error during placement (resource_unavailable)");
      expect(await server()).toMatchObject({ id, type: "cx33", status: "off" });
      const output = await refused();
      expect(output).toContain("is switched on again: an up that was to change its type has left it off");
      expect(output).toContain("can't become any of these: cx43 was refused some minutes ago. Nothing was changed.");
      await waitFor("the server", async () => (await server()).status === "running", 30);
    });

    test("becomes a smaller type again", async () => {
      await set({ "server.type": "cx23" });
      await deployment.up();
      expect(await server()).toMatchObject({ id, type: "cx23", status: "running" });
    });

    test("isn't replaced for another architecture or location", async () => {
      await set({ "server.type": "cax11" });
      const output = await refused();
      expect(output).toContain("cax11 has another architecture (arm)");
      expect(output).toContain(`npm run queuehost -- recreate --stack ${deployment.pulumi.stack}`);
      await set({ "server.type": "cx23", "server.location": "hel1" });
      expect(await deployment.up()).toEqual([]);
      expect(await server()).toMatchObject({ id, type: "cx23", location: "fsn1" });
    });

    test("is renamed in place, and can't be deleted while it is protected", async () => {
      await set({ "server.name": "renamed", "server.protect": "true" });
      const steps = await deployment.up();
      expect(steps.filter((step) => !step.startsWith("update "))).toEqual([]);
      expect((await servers())[0]).toMatchObject({ id, name: "renamed", protection: { delete: true, rebuild: true } });
      expect(await refused(deployment.pulumi, "destroy")).toContain("because it is protected");
      await expect(deployment.api(`/servers/${id}`, "DELETE")).rejects.toThrow("protected");
      expect(await server()).toMatchObject({ id, status: "running" });
      // Pulumi forgot what it had configured on the server, and does that again.
      await deployment.up();
      expect(await deployment.red()).toEqual([]);
    });

    test("keeps its name to itself: another stack is told whose it is", async () => {
      const other = new Pulumi(`${deployment.pulumi.stack}-b`, deployment.rehearsal.environment);
      try {
        await ensureStack(other, deployment.rehearsal, deployment.twin, () => {});
        await other.configure({ "queuehost:server.name": "renamed" }, {});
        const output = await refused(other);
        expect(output).toContain(
          `got "renamed", which is a server (${id}) of stack ${deployment.pulumi.stack} in the same project at Hetzner. Nothing was changed.`,
        );
        expect(output).toContain(`npx pulumi config set server.name queuehost-${other.stack} --stack ${other.stack}`);
        expect(await left()).toEqual([1, 1, 1]);
      } finally {
        rmSync(join(PROJECT, `Pulumi.${other.stack}.yaml`), { force: true });
      }
    });

    test("isn't looked for in another project", async () => {
      const stateDir = join(deployment.rehearsal.folder, "elsewhere");
      const { token } = deployment.twin;
      const elsewhere = await startTwin({ stateDir, port: await freePort(), token, report: () => {} });
      try {
        await deployment.pulumi.configure({ "hcloud:endpoint": elsewhere.endpoint }, {});
        const output = await refused();
        expect(output).toContain(`hcloud:token: its project has no server ${id}`);
        expect(output).toContain("If the token is another project's, set the right one");
      } finally {
        await stopTwin(stateDir, { deleteServers: true });
        await deployment.pulumi.configure({ "hcloud:endpoint": deployment.twin.endpoint }, {});
      }
      expect(await deployment.up()).toEqual([]);
    });

    test("is made anew after somebody has deleted it, once the state was told", async () => {
      await set({ "server.protect": "false" });
      await deployment.up();
      await deleteByHand(id);
      expect(await refused()).toContain(`recreate --stack ${deployment.pulumi.stack} --restore latest`);
      await deployment.pulumi.read(["refresh", "--yes", "--skip-preview"]);
      await deployment.up();
      expect((await server()).id).not.toBe(id);
      expect(await deployment.red()).toEqual([]);
    });

    test("is deleted with everything else once it isn't protected", async () => {
      await deployment.pulumi.read(["destroy", "--yes", "--skip-preview"]);
      expect(await left()).toEqual([0, 0, 0]);
    });
  });

  /** How many servers, firewalls and keys the cloud holds. */
  const left = () =>
    Promise.all(
      ["servers", "firewalls", "ssh_keys"].map((kind) =>
        deployment.api<Record<string, unknown[]>>(`/${kind}`).then((answer) => answer[kind]?.length),
      ),
    );

  async function deleteByHand(id: number | undefined): Promise<void> {
    await waitFor("the server to be unlocked", () => deployment.api(`/servers/${id}`, "DELETE").then(() => true), 30);
    await waitFor("the server to be gone", async () => (await servers()).length === 0, 30);
  }
});
