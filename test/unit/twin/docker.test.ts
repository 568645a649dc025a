import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { unreachable } from "../../../twin/docker/engine";
import { ensureDocker } from "../../../twin/docker/ensure";

let folder = "";
let server: Server | undefined;
const socketPath = () => join(folder, "docker.sock");

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "queuehost-docker-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
  server?.close();
  server = undefined;
  rmSync(folder, { recursive: true });
});

const listen = (handle: Parameters<typeof createServer>[1]) =>
  new Promise<void>((settle) => {
    server = createServer(handle).listen(socketPath(), settle);
  });

describe("an engine that doesn't answer", () => {
  test("because there is none", async () => {
    expect(await unreachable(new Docker({ socketPath: socketPath() }))).toBe(
      `${socketPath()} doesn't exist: no engine runs`,
    );
  });

  test("because it was killed and left its socket", async () => {
    vi.stubEnv("DOCKER_HOST", `unix://${socketPath()}`);
    await listen(() => undefined);
    // A socket whose owner died stays in the folder; a closed one would be removed.
    renameSync(socketPath(), `${socketPath()}.kept`);
    await new Promise((settle) => server?.close(settle));
    renameSync(`${socketPath()}.kept`, socketPath());
    expect(await unreachable(new Docker())).toBe(`nobody listens at unix://${socketPath()}: the engine is stopped`);
  });

  test("because it hangs", async () => {
    vi.stubEnv("DOCKER_HOST", `unix://${socketPath()}`);
    await listen(() => undefined);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const asked = unreachable(new Docker());
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await asked).toBe(`no answer from unix://${socketPath()} within 5 s`);
  });
});

describe("an engine that answers", () => {
  test("is used as it is", async () => {
    vi.stubEnv("DOCKER_HOST", `unix://${socketPath()}`);
    await listen((socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"));
    const report = vi.fn();
    await ensureDocker(report);
    expect(report).not.toHaveBeenCalled();
  });
});

test("an engine that DOCKER_HOST names is missed in one line, never replaced", async () => {
  vi.stubEnv("DOCKER_HOST", `unix://${socketPath()}`);
  const report = vi.fn();
  await expect(ensureDocker(report)).rejects.toThrow(
    `Docker doesn't answer: ${socketPath()} doesn't exist: no engine runs (DOCKER_HOST is set; unset it to use this computer's)`,
  );
  expect(report).not.toHaveBeenCalled();
});
