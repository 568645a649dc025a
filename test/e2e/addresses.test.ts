import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Deployment } from "../support/deployment";
import { LACKS_ENGINE, NOT_LONG } from "../support/requires";

interface Server {
  readonly id: number;
  readonly created: string;
  readonly backup_window: string | null;
  readonly public_net: { readonly ipv4: { readonly ip: string; readonly id: number } };
}
interface Address {
  readonly id: number;
  readonly ip: string;
  readonly name: string;
  readonly auto_delete: boolean;
  readonly location: { readonly name: string };
}

describe.skipIf(LACKS_ENGINE)("the addresses of a server", () => {
  let it: Deployment;
  let first: Server;
  beforeAll(async () => {
    it = await Deployment.make("addresses");
  });
  afterAll(async () => {
    await it.end();
  });

  const run = async (...args: string[]) => {
    const { exitCode, output } = await it.pulumi.run([...args, "--color", "never"]);
    expect(exitCode, output).toBe(0);
    return output;
  };
  /** The server and what it needs; nothing is put on it. */
  const NEEDED = ["::queuehost:index:QueueHost::", "queuehost:network:", "queuehost:addresses:", "queuehost:server:"];
  const up = () => run("up", "--yes", "--skip-preview", ...NEEDED.flatMap((words) => ["--target", `**${words}**`]));
  const servers = async () => (await it.api<{ servers: Server[] }>("/servers")).servers;
  const server = async () => {
    const found = await servers();
    expect(found).toHaveLength(1);
    return found[0] as Server;
  };
  const sellOut = (...sold_out: { server_type: string; location: string }[]) =>
    fetch(it.twin.endpoint.replace(/\/v1$/, "/twin/sold-out"), {
      method: "PUT",
      headers: { authorization: `Bearer ${it.rehearsal.token}`, "content-type": "application/json" },
      body: JSON.stringify({ sold_out }),
    });
  const addresses = async () => (await it.api<{ primary_ips: Address[] }>("/primary_ips")).primary_ips;

  test("go with it where nothing else is said", async () => {
    await it.configure({ "server.backups": "true" });
    await up();
    first = await server();
    expect(first.backup_window).not.toBeNull();
    expect((await addresses()).every(({ auto_delete }) => auto_delete)).toBe(true);
  });

  test("are taken over from a server that runs, which doesn't notice", async () => {
    await it.configure({ "server.keepAddress": "true", "server.backups": "false" });
    const before = await addresses();
    expect(await run("preview")).toContain("2 to import");
    expect(await up()).toContain("2 imported");
    expect(await server()).toMatchObject({ id: first.id, public_net: first.public_net, backup_window: null });
    const after = await addresses();
    expect(after.map(({ id, ip }) => ({ id, ip }))).toEqual(before.map(({ id, ip }) => ({ id, ip })));
    expect(after.map(({ auto_delete }) => auto_delete)).not.toContain(true);
    const { actions } = await it.api<{ actions: { command: string }[] }>(`/servers/${first.id}/actions`);
    expect(actions.map(({ command }) => command)).not.toContain("stop_server");
    expect(await up()).not.toMatch(/created|updated|replaced|imported/);
  });

  test("are the next server's, when it is gone", async () => {
    const { output } = await it.pulumi.run(["stack", "export"]);
    const { deployment } = JSON.parse(output) as { deployment: { resources: { urn: string }[] } };
    const ofServer = deployment.resources.map(({ urn }) => urn).filter((urn) => urn.includes("queuehost:server:"));
    await run("destroy", "--yes", "--skip-preview", ...ofServer.flatMap((urn) => ["--target", urn]));
    expect(await servers()).toEqual([]);
    const [kept] = await addresses();

    // Nowhere else can the next one be.
    const location = kept?.location.name ?? "";
    await sellOut({ server_type: "cx23", location });
    const { exitCode, output: said } = await it.pulumi.run(["preview", "--color", "never"]);
    expect(exitCode).not.toBe(0);
    expect(said).toContain(`in ${location}, where the addresses are that the server is to get`);
    await sellOut();

    await up();
    const second = await server();
    expect(second.id).not.toBe(first.id);
    expect(second.public_net).toMatchObject({ ipv4: { ip: first.public_net.ipv4.ip } });
  });

  test.skipIf(NOT_LONG)(
    "are taken over where an up was killed before it could write down that it had made one",
    async () => {
      const lost = (value: unknown) => typeof value === "string" && value.endsWith("::queuehost-addresses-ipv6");
      const { output } = await it.pulumi.run(["stack", "export"]);
      const state = JSON.parse(output, (_, value) =>
        Array.isArray(value) ? value.filter((one) => !lost(one) && !lost(one?.urn)) : value,
      );
      const file = join(it.rehearsal.folder, "state.json");
      writeFileSync(file, JSON.stringify(state));
      await run("stack", "import", "--file", file);
      expect(await up()).toContain("1 imported");
    },
  );

  test("are kept no more where that is said, and go with the server then", async () => {
    await it.configure({ "server.keepAddress": "false" });
    expect(await up()).toContain("2 updated");
    expect((await addresses()).map(({ auto_delete }) => auto_delete)).not.toContain(false);
    await run("destroy", "--yes", "--skip-preview");
    expect(await addresses()).toEqual([]);
  });
});
