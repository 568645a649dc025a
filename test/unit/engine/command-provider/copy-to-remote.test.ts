import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Props, secret } from "../../../../scripts/engine/command-provider/values";
import { COPY, describeRemote } from "./remote";

describeRemote("CopyToRemote", (remote) => {
  const file = (path: string): Props => ({
    "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17",
    path,
    hash: createHash("sha256").update(readFileSync(path)).digest("hex"),
  });
  const source = () => {
    const path = join(remote.folder, 'a "file" [*].bin');
    writeFileSync(path, Buffer.from([0, 1, 2, 255, 10]), { mode: 0o600 });
    return file(path);
  };
  const upload = (remotePath: string) =>
    remote.provider.create(COPY, { connection: remote.connection, source: source(), remotePath });

  test("makes the folders on its way, and a file with the server's default mode", async () => {
    const remotePath = join(remote.folder, 'remote "1"', "b", "file");
    const inputs = { connection: secret(remote.connection), source: source(), remotePath };
    const { id, state } = await remote.provider.create(COPY, inputs);
    expect(id).toMatch(/^[0-9a-f]{8}$/);
    expect(state).toEqual(inputs);
    expect(readFileSync(remotePath)).toEqual(Buffer.from([0, 1, 2, 255, 10]));
    expect(statSync(remotePath).mode & 0o777).toBe(0o666 & ~process.umask());
  });

  test("goes into a folder, and over a file", async () => {
    const target = join(remote.folder, "remote-2");
    mkdirSync(target);
    await upload(target);
    expect(readdirSync(target)).toEqual(['a "file" [*].bin']);
    writeFileSync(join(target, "old"), "much longer than what comes now");
    chmodSync(join(target, "old"), 0o640);
    await upload(join(target, "old"));
    expect(statSync(join(target, "old"))).toMatchObject({ size: 5, mode: 0o100640 });
  });

  test("is sent again when its content or its place changed, and only then", async () => {
    const remotePath = join(remote.folder, "remote-3");
    const { state } = await upload(remotePath);
    rmSync(remotePath);
    await remote.provider.update(COPY, {}, state, {
      ...state,
      connection: { ...remote.connection, perDialTimeout: 9 },
    });
    expect(existsSync(remotePath)).toBe(false);
    await remote.provider.update(COPY, {}, state, { ...state, source: { ...(state.source as Props), hash: "other" } });
    expect(existsSync(remotePath)).toBe(true);
    await remote.provider.update(COPY, {}, state, { ...state, remotePath: `${remotePath}-moved` });
    expect(existsSync(`${remotePath}-moved`)).toBe(true);
  });

  test("says what can't be read or written", async () => {
    await expect(upload("/proc/nowhere/file")).rejects.toThrow(
      /^can't write \/proc\/nowhere\/file on 127.0.0.1: .*dest open/s,
    );
    const missing = { ...source(), path: "/nowhere/file" };
    await expect(
      remote.provider.create(COPY, { connection: remote.connection, source: missing, remotePath: "/tmp/x" }),
    ).rejects.toThrow('source: should be an existing file, got "/nowhere/file"');
  });
});
