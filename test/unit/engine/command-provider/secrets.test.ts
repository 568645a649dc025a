import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { secret } from "../../../../scripts/engine/command-provider/values";
import { waitFor } from "../../../support/wait-for";
import { COMMAND, describeRemote } from "./remote";

describeRemote("secrets", (remote) => {
  test("are in no argument of any process, and their files are private and gone afterwards", async () => {
    const file = join(remote.folder, "watched");
    const made = remote.create({ create: `touch ${file}; cat >/dev/null; sleep 1`, stdin: secret("s3cr3t-input") });
    await waitFor("the command's start", () => existsSync(file));
    const [session = ""] = readdirSync(remote.temporary);
    const seen = readdirSync("/proc")
      .filter((pid) => /^\d+$/.test(pid))
      .map(commandLine);
    expect(seen.some((line) => line.includes(`touch ${file}`))).toBe(true);
    const keyLine = String(remote.connection.privateKey).split("\n")[2] ?? "";
    expect(seen.filter((line) => line.includes("s3cr3t-input") || line.includes(keyLine))).toEqual([]);
    expect(statSync(join(remote.temporary, session)).mode & 0o777).toBe(0o700);
    expect(statSync(join(remote.temporary, session, "identity")).mode & 0o777).toBe(0o600);
    await made;
    expect(readdirSync(remote.temporary)).toEqual([]);
  });

  test("are gone too when a deployment is cancelled, or its engine dies", async () => {
    for (const end of ["cancel", "stop"] as const) {
      const own = await remote.startProvider();
      const file = join(remote.folder, `ended-by-${end}`);
      const made = own
        .create(COMMAND, { connection: remote.connection, create: `touch ${file}; sleep 3` })
        .catch(String);
      await waitFor("the command's start", () => existsSync(file));
      expect(readdirSync(remote.temporary)).toHaveLength(1);
      await own[end]();
      if (end === "cancel") expect(await made).toMatch(/cancelled while connected or connecting to/);
      expect(readdirSync(remote.temporary)).toEqual([]);
      if (end === "cancel") await own.stop();
    }
  });
});

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
