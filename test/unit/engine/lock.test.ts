import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { underLock } from "../../../scripts/engine/lock";
import { collector, temporaryHome } from "./fixtures";

const TIMES = { stale: 2000, poll: 20 };

test("work under one lock doesn't overlap, and the one who waits is told for whom", async () => {
  const home = temporaryHome();
  const events: string[] = [];
  const { lines, report } = collector();
  let enough = () => {};
  const held = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const first = underLock(home, report, async () => {
    events.push("first in");
    await held;
    events.push("first out");
  });
  await expect.poll(() => events).toEqual(["first in"]);
  const second = underLock(home, report, async () => void events.push("second in"), TIMES);
  await expect
    .poll(() => lines)
    .toEqual([`process ${process.pid} in ${process.cwd()} is getting the Pulumi engine; waiting for it (0 s)`]);
  enough();
  await Promise.all([first, second]);
  expect(events).toEqual(["first in", "first out", "second in"]);
});

test("the lock is free again after work that failed", async () => {
  const home = temporaryHome();
  const failing = underLock(
    home,
    () => {},
    () => Promise.reject(new Error("no")),
    TIMES,
  );
  await expect(failing).rejects.toThrow("no");
  expect(
    await underLock(
      home,
      () => {},
      async () => "in",
      TIMES,
    ),
  ).toBe("in");
});

test("the lock of a process that was killed is taken over", async () => {
  const home = temporaryHome();
  mkdirSync(home.own, { recursive: true });
  const script = `require("proper-lockfile").lock(${JSON.stringify(home.own)}).then(() => console.log("locked")); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  writeFileSync(join(home.own, "holder.json"), JSON.stringify({ pid: child.pid, folder: "/other", host: hostname() }));
  child.kill("SIGKILL");
  const { lines, report } = collector();
  expect(await underLock(home, report, async () => "in", TIMES)).toBe("in");
  expect(lines[0]).toContain(`process ${child.pid} in /other`);
});
