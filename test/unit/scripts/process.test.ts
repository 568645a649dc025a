import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { isRunning } from "../../../scripts/lib/process.cjs";
import { makeZombie } from "../../support/zombie";

test("a process runs until it has ended", async () => {
  const child = spawn("sleep", ["20"]);
  await once(child, "spawn");
  const pid = child.pid ?? 0;
  expect(isRunning(pid)).toBe(true);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(isRunning(pid)).toBe(false);
});

test.skipIf(process.platform !== "linux")("one that ended and that nobody asks how doesn't run", async () => {
  const zombie = await makeZombie();
  // What makes it a trap: a signal still reaches it.
  expect(process.kill(zombie, 0)).toBe(true);
  expect(isRunning(zombie)).toBe(false);
});

test("the first process runs, whoever asks", () => {
  expect(isRunning(1)).toBe(true);
});
