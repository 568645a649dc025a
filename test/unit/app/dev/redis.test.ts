import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { haveRedis } from "../../../../app/dev/redis";
import { freePort } from "../../../support/free-port";
import { RedisServer, redis } from "../support/redis-server";

const folder = mkdtempSync(join(tmpdir(), "queuehost-dev-redis-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => void vi.unstubAllEnvs());
const at = (port: number, password = "") => haveRedis({ host: "127.0.0.1", port, password }, folder);

describe.skipIf(redis.missing)(`Redis for development${redis.note}`, () => {
  test("one that runs already is used, and stays", async () => {
    const server = await RedisServer.start();
    const found = await at(server.port);
    expect(found.what).toBe(`127.0.0.1:${server.port}, which runs already`);
    await found.stop();
    expect(await server.command("ping")).toBe("PONG");
    await server.remove();
  });

  test("one that asks for another password is named, and nothing is started beside it", async () => {
    const server = await RedisServer.start({ password: "right" });
    await expect(at(server.port)).rejects.toThrow(/NOAUTH.*Correct REDIS_PASSWORD/);
    await expect(at(server.port, "wrong")).rejects.toThrow(/WRONGPASS.*Correct REDIS_PASSWORD/);
    expect((await at(server.port, "right")).what).toContain("runs already");
    await server.remove();
  });

  test("where none is, one of our own is started, and ended", async () => {
    const port = await freePort();
    const own = await at(port);
    expect(own.what).toBe(`127.0.0.1:${port}, a redis-server of its own with its data in ${folder}`);
    expect((await at(port)).what).toContain("runs already");
    await own.stop();
    const again = await at(port);
    expect(again.what).toContain("of its own");
    await again.stop();
  });

  test("what can't be had is said, with what to do", async () => {
    const elsewhere = haveRedis({ host: "192.0.2.1", port: 6379, password: "" }, folder);
    await expect(elsewhere).rejects.toThrow("Nothing answers at REDIS_HOST 192.0.2.1:6379");
    vi.stubEnv("PATH", "/nonexistent");
    await expect(at(await freePort())).rejects.toThrow("redis-server is not installed. Install it");
  });
});
