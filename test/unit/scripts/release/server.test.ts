import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SshConnection } from "../../../../scripts/engine/command-provider";
import { UserError } from "../../../../scripts/lib/errors";
import { NotAsked, ReleaseServer } from "../../../../scripts/release/server";
import type { Subject } from "../../../../scripts/verification/check";
import { Sshd, WITHOUT_SSHD } from "../../engine/command-provider/sshd";

describe.skipIf(WITHOUT_SSHD !== undefined)("a server that is asked over SSH", () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await Sshd.make();
    // The one command that comes, with a program of the test's in the place of the server's.
    writeFileSync(
      sshd.path("forced"),
      `#!/bin/sh\nprintf '%s\\n' "$SSH_ORIGINAL_COMMAND" >${sshd.path("argv")}\nsed 's|/opt/queuehost/app/release|${sshd.path("release")}|g' | sh -s\n`,
    );
    chmodSync(sshd.path("forced"), 0o755);
    writeFileSync(sshd.path("config"), `${sshd.read("config")}ForceCommand ${sshd.path("forced")}\n`);
    await sshd.start();
  });
  afterAll(() => sshd?.stop());

  const program = (...lines: string[]) => {
    writeFileSync(sshd.path("release"), ["#!/bin/sh", ...lines, ""].join("\n"));
    chmodSync(sshd.path("release"), 0o755);
  };
  /** On a port of its own, which no subject has. */
  class OnLoopback extends ReleaseServer {
    constructor(private readonly over: Partial<SshConnection>) {
      super("staging", { host: "127.0.0.1" } as Subject, "aaa");
    }
    protected override connection() {
      return { ...sshd.connection, ...this.over };
    }
  }
  const server = (over: Partial<SshConnection> = {}) => new OnLoopback(over);

  test("gets each word as it was meant, as root, and nothing of it in argv", async () => {
    program(`for word; do printf '[%s]' "$word"; done`);
    const words = ["it's $HOME", 'a"b`c`', "-n", ""];
    expect(await server().ask("lock", ...words)).toBe(`[lock]${words.map((word) => `[${word}]`).join("")}`);
    expect(readFileSync(sshd.path("argv"), "utf8")).toBe("sudo -n sh -s\n");
  });

  test("answers what is in service and what is kept over one connection", async () => {
    program(
      "cat >/dev/null",
      'case $1 in status) echo release=bbb; echo "instance=x active 1 0 2";; list) printf "bbb\\tlive\\t5\\tanna\\t24\\t\\n";; esac',
    );
    const seen = await server().overview("echo disk");
    expect(seen.status).toMatchObject({ release: "bbb", instances: [{ unit: "x" }] });
    expect(seen.releases).toEqual([
      { id: "bbb", state: "live", since: new Date(5000), who: "anna", node: "24", why: "" },
    ]);
    expect(seen.rest).toBe("disk\n");
  });

  test("says the server's own reason, and nothing else", async () => {
    program('echo "queuehost: shop is locked by anna" >&2; exit 1');
    const refused = server().ask("switch", "bbb", "bert", "");
    await expect(refused).rejects.toThrow(UserError);
    await expect(refused).rejects.toThrow(/^shop is locked by anna$/);
    await expect(server().overview()).rejects.toThrow(/^shop is locked by anna$/);
  });

  test("tells a server that an earlier version made from one that refuses", async () => {
    program("exit 0");
    chmodSync(sshd.path("release"), 0o600);
    const asked = server().ask("status");
    await expect(asked).rejects.toMatchObject({ name: "NotAsked", absent: true });
    await expect(asked).rejects.toThrow(/was brought up by an earlier version .* up --stack staging$/);
  });

  test("says that it can't be reached", async () => {
    const asked = server({ hostKey: sshd.read("other-host.pub").trim() }).ask("status");
    await expect(asked).rejects.toThrow(NotAsked);
    await expect(asked).rejects.toThrow(/^The server can't be asked: .* shows another host key/);
  });
});
