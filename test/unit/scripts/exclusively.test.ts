import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { UserError } from "../../../scripts/lib/errors";
import { exclusively } from "../../../scripts/lib/exclusively";
import { makeZombie } from "../../support/zombie";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "queuehost-exclusively-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a second one is refused, and told who is at it", async () => {
  await exclusively(folder, "npm start", async () => {
    const second = exclusively(folder, "npm stop", async () => "in");
    await expect(second).rejects.toThrow(UserError);
    await expect(second).rejects.toThrow(`npm start (process ${process.pid}) is at work in ${folder}. Wait for it`);
  });
  expect(await exclusively(folder, "npm stop", async () => "in")).toBe("in");
});

test.skipIf(process.platform !== "linux")("a holder that was killed and that nobody reaps is followed", async () => {
  writeFileSync(join(folder, "busy"), JSON.stringify({ who: "npm start", pid: await makeZombie() }));
  const lock = join(folder, "busy.lock");
  mkdirSync(lock);
  const renewed = Date.now() / 1000 - 8;
  utimesSync(lock, renewed, renewed);
  expect(await exclusively(folder, "npm stop", async () => "in")).toBe("in");
});
