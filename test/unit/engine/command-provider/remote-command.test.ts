import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Props, secret } from "../../../../scripts/engine/command-provider/values";
import { COMMAND, describeRemote } from "./remote";

describeRemote("a remote command", (remote) => {
  test("runs there, with its input, and its output is state", async () => {
    const inputs = { connection: secret(remote.connection), create: "cat; echo oops >&2", stdin: secret("input\n") };
    const { id, state } = await remote.provider.create(COMMAND, inputs);
    expect(id).toMatch(/^it[0-9a-f]{8}$/);
    expect(state).toEqual({ ...inputs, stdout: "input", stderr: "oops" });
  });

  test("arrives as it was written", async () => {
    const text = `'single' "double" \\back %h %% $((1+1)) é`;
    const { state } = await remote.create({ create: `cat <<'END'\n${text}\nEND\n` });
    expect(state.stdout).toBe(text);
  });

  test("takes more input than a pipe holds, and one that nobody reads", async () => {
    const stdin = "x".repeat(3_000_000);
    expect((await remote.create({ create: "wc -c", stdin })).state.stdout).toBe("3000000");
    expect((await remote.create({ create: "echo done", stdin })).state.stdout).toBe("done");
  });

  test("updates by its update command, and sees the last output where the server accepts it", async () => {
    const state = { connection: remote.connection, create: "false", stdout: "made", stderr: "noise" };
    const update = "echo $PULUMI_COMMAND_STDOUT+$PULUMI_COMMAND_STDERR";
    const run = async (news: Props) =>
      (await remote.provider.update(COMMAND, {}, state, { connection: remote.connection, ...news })).stdout;
    expect(await run({ create: "false", update })).toBe("made+");
    expect(await run({ create: update, addPreviousOutputInEnv: false })).toBe("+");
  });

  test("runs when it is deleted; without a command there is no connection", async () => {
    const file = join(remote.folder, "deleted");
    await remote.provider.delete(COMMAND, {
      connection: remote.connection,
      delete: `echo gone >${file}`,
      stdout: "",
      stderr: "",
    });
    expect(readFileSync(file, "utf8")).toBe("gone\n");
    await remote.provider.delete(COMMAND, { connection: { ...remote.connection, port: 1 }, stdout: "", stderr: "" });
  });

  test("that fails is told with its status and what it wrote, 255 included", async () => {
    await expect(remote.create({ create: "echo out; echo err >&2; exit 255", logging: "none" })).rejects.toThrow(
      'Process exited with status 255: running "echo out; echo err >&2; exit 255":\nerr\n',
    );
    await expect(remote.create({ create: "kill -9 $$" })).rejects.toThrow(
      'Process ended by a signal: running "kill -9 $$":\n',
    );
  });

  test("logs its lines while it runs, and not the server's banner", async () => {
    await remote.create({ create: "echo one; echo two >&2" }, "lines");
    const lines = remote.logged("lines");
    expect(lines.map(({ message }) => message).sort()).toEqual(["one", "two"]);
    await remote.create({ create: "echo one" }, "quiet");
    await remote.create({ create: "echo one", logging: "none" }, "silent");
    expect(remote.logged("silent")).toEqual([]);
  });
});
