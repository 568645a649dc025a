import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { freePort } from "../../../support/free-port";
import { waitFor } from "../../../support/wait-for";
import { redis } from "../support/redis-server";

const APP = join(__dirname, "../../../../app");
/** Everything is loaded from its sources, beside other tests. */
const SECONDS = 60;

const left: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of left.splice(0).reverse()) await end();
});

async function start(script: string, env: Record<string, string>, ...args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), "queuehost-dev-"));
  left.push(() => rmSync(folder, { recursive: true, force: true }));
  const child = spawn(process.execPath, ["--import", "tsx", script, ...args], {
    cwd: APP,
    env: { PATH: process.env.PATH, HOME: folder, STATE_DIR: folder, PORT: String(await freePort()), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  left.push(() => stop(child));
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const says = (text: string) =>
    waitFor(`it says: ${text}`, () => output.includes(text) || undefined, SECONDS).catch((error: Error) => {
      throw new Error(`${error.message}; it said:\n${output}`);
    });
  return { child, says, output: () => output };
}

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGINT");
    await once(child, "exit");
  }
  return child.exitCode;
}

const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });

describe.skipIf(redis.missing)(`the environment of development${redis.note}`, () => {
  test("it brings a Redis and the application, the demo fills it, and nothing of it is left", async () => {
    const [redisPort, port] = [await freePort(), await freePort()];
    const env = { REDIS_PORT: String(redisPort), PORT: String(port) };
    const dev = await start("dev/main.ts", env);
    await dev.says("Ctrl-C ends all of it.");
    expect(dev.output()).toContain(`127.0.0.1:${redisPort}, a redis-server of its own`);
    const second = await start("dev/main.ts", env);
    await second.says(`PORT: 127.0.0.1:${port} is in use by this application, which runs already.`);
    expect(await waitFor("it ends", () => second.child.exitCode ?? undefined, SECONDS)).toBe(1);
    const demo = await start("src/demo.ts", { PORT: String(port), STATE_DIR: "" }, "--rounds", "1");
    await demo.says(`Look at http://127.0.0.1:${port}/tasks`);
    await dev.says("[Mail] an guest1@example.org");
    const answer = await fetch(`http://127.0.0.1:${port}/api/tasks/`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ type: "process-large-dataset", payload: { to: 10_000_000, paceMs: 50 } }),
    });
    const { id } = (await answer.json()) as { id: string };
    await dev.says(`[tasks] Job ${id} gestartet`);
    expect(await stop(dev.child)).toBe(0);
    await dev.says(`[tasks] Job ${id} zurück in die Queue gelegt`);
    expect(dev.output()).not.toContain("Force killing");
    await waitFor("ports are free again", async () => (await isFree(redisPort)) && (await isFree(port)), SECONDS);
  }, 180_000);
});

test("the demo says what is missing where nothing runs, and what a wrong option should be", async () => {
  const odd = await start("src/demo.ts", {}, "--rounds", "many");
  await odd.says("--rounds: should be a whole number from 1 to 100, got many");
  const demo = await start("src/demo.ts", {});
  await demo.says("Start it: npm run dev");
  await waitFor("it ends", () => demo.child.exitCode ?? undefined, SECONDS);
  expect(demo.child.exitCode).toBe(1);
  expect(demo.output()).not.toContain("    at ");
}, 120_000);
