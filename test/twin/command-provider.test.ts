import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installCommandProvider } from "../../scripts/engine/command-provider";
import { type Props, secret } from "../../scripts/engine/command-provider/values";
import { LACKS_MACHINES } from "../support/requires";
import { waitFor } from "../support/wait-for";
import { Provider, urn } from "../unit/engine/command-provider/client";
import { useTwin } from "./support/twin";

const COMMAND = "command:remote:Command";
const COPY = "command:remote:CopyToRemote";

describe.skipIf(LACKS_MACHINES)("the stand-in for provider command, on a real machine", () => {
  useTwin((twin) => {
    const folder = mkdtempSync(join(tmpdir(), "provider-"));
    const hostKey = join(folder, "host");
    let provider: Provider;
    let server: { id: number; ip: string };

    const connection = (more: Props = {}): Props => ({
      host: server.ip,
      user: "deploy",
      privateKey: readFileSync(twin.keyFile, "utf8"),
      hostKey: readFileSync(`${hostKey}.pub`, "utf8").trim(),
      dialErrorLimit: 5,
      ...more,
    });
    const run = async (create: string, more: Props = {}, name = "it") =>
      (await provider.create(COMMAND, { connection: secret(connection(more)), create }, false, name)).state.stdout;

    beforeAll(async () => {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", hostKey]);
      await installCommandProvider(folder);
      provider = await Provider.start(join(folder, "resource-command-v1.2.1", "pulumi-resource-command"));
      const { body } = await twin.call("POST", "/servers", {
        name: "provider",
        server_type: "cx23",
        image: "debian-13",
        location: "nbg1",
        ssh_keys: ["tests"],
        user_data: cloudConfig(readFileSync(hostKey, "utf8"), readFileSync(`${hostKey}.pub`, "utf8"), twin.publicKey),
      });
      server = { id: body.server.id, ip: body.server.public_net.ipv4.ip };
    });

    afterAll(async () => {
      await provider.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    test("it waits for a machine that boots, whose host key it knows before", async () => {
      expect(await run("sudo -n id -un", { dialErrorLimit: 120 }, "first")).toBe("root");
      const retries = provider.logged.filter(
        (line) => line.urn === urn(COMMAND, "first") && /attempt/.test(line.message),
      );
      expect(retries.length).toBeGreaterThan(0);
      await twin.booted(server.ip);
    });

    test("it speaks post-quantum key exchange where the server takes nothing else", async () => {
      const file = "/etc/ssh/sshd_config.d/kex.conf";
      await twin.ssh(
        server.ip,
        `echo KexAlgorithms sntrup761x25519-sha512@openssh.com >${file}; systemctl restart ssh`,
      );
      expect(await run("hostname")).toBe("provider");
    });

    test("it uploads what is larger than any buffer, as it is", async () => {
      const path = join(folder, "artefact.bin");
      writeFileSync(path, randomBytes(20_000_000));
      const sum = createHash("sha256").update(readFileSync(path)).digest("hex");
      const source = { "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", path, hash: sum };
      await provider.create(COPY, { connection: secret(connection()), source, remotePath: "/home/deploy/in/artefact" });
      expect(await run("sha256sum </home/deploy/in/artefact")).toBe(`${sum}  -`);
    });

    test("a machine whose power goes while a command runs is noticed", { timeout: 150_000 }, async () => {
      const file = "/home/deploy/started";
      const running = run(`touch ${file}; sleep 300`).catch(String);
      await waitFor("the command's start", async () => (await twin.ssh(server.ip, `ls ${file} || true`)) === file, 30);
      const off = await twin.call("POST", `/servers/${server.id}/actions/poweroff`);
      expect(await running).toMatch(/lost the connection to deploy@\S+, the command may still be running there: /);
      await twin.done(off.body.action);
      const on = await twin.call("POST", `/servers/${server.id}/actions/poweron`);
      await twin.done(on.body.action);
      expect(await run("echo back", { dialErrorLimit: 120 })).toBe("back");
    });

    test("a machine that shows another host key gets nothing", async () => {
      await twin.ssh(
        server.ip,
        "ssh-keygen -q -t ed25519 -N '' -f /root/other; mv /root/other /etc/ssh/ssh_host_ed25519_key; systemctl restart ssh",
      );
      await expect(run("echo never")).rejects.toThrow(
        "shows another host key than the pinned one (connection.hostKey)",
      );
    });
  });
});

/** A server with a host key and a user of ours from its first moment. */
function cloudConfig(privateKey: string, publicKey: string, authorizedKey: string): string {
  const config = {
    ssh_keys: { ed25519_private: privateKey, ed25519_public: publicKey },
    users: [
      { name: "deploy", shell: "/bin/bash", sudo: "ALL=(ALL) NOPASSWD:ALL", ssh_authorized_keys: [authorizedKey] },
    ],
  };
  // JSON is YAML.
  return `#cloud-config\n${JSON.stringify(config)}\n`;
}
