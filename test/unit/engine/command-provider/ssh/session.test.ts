import { expect, test } from "vitest";
import { runOverSsh, SshError, withSsh } from "../../../../../scripts/engine/command-provider";
import { describeRemote } from "../remote";

describeRemote("a session", (remote) => {
  test("withSsh runs several commands", async () => {
    const codes = await withSsh(remote.sshd.connection, async (session) => [
      (await session.run("exit 7")).code,
      (await session.run("cat", { stdin: "in" })).stdout,
    ]);
    expect(codes).toEqual([7, "in"]);
  });

  test("runOverSsh gives up after its time", async () => {
    expect(await runOverSsh(remote.sshd.connection, { command: "cat; exit 1", stdin: "x" })).toEqual({
      exitCode: 1,
      stdout: "x",
      stderr: "",
    });
    const slow = runOverSsh(remote.sshd.connection, { command: "sleep 20", timeoutMs: 1_000 });
    await expect(slow).rejects.toThrow(new SshError("127.0.0.1 gave no answer within 1 s", "cancelled"));
  });
});
