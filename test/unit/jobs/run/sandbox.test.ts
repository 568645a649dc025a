import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { Aborted } from "../../../../app/jobs/run/execution";
import { encode } from "../../../../app/jobs/table/payload";
import { waitFor } from "../../../support/wait-for";
import { jobs } from "./support/sandboxed";
import { newJob, newTask, taken, World } from "./support/world";

const folder = mkdtempSync(join(tmpdir(), "queuehost-sandbox-"));
const entry = join(folder, "main.cjs");
let world: World | undefined;

beforeAll(async () => {
  // As it is in a release: one file, far from any node_modules.
  const source = join(__dirname, "support", "sandbox-entry.ts");
  await build({ entryPoints: [source], outfile: entry, bundle: true, platform: "node", format: "cjs" });
});
afterEach(async () => {
  await world?.close();
  world = undefined;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function open(env: Record<string, string> = {}, file = entry) {
  world = new World(jobs, env);
  const store = await world.store();
  const executor = world.executor(store, file);
  const run = async (type: string, payload = "{}", some: Parameters<typeof taken>[1] = {}) => {
    const job = newJob(type, { payload });
    await store.insert(newTask(job));
    return { job, outcome: await executor.run(taken(job, some)) };
  };
  return { world, store, executor, run };
}
const pidOf = ({ outcome }: { outcome: unknown }) => Number((outcome as { result: string }).result);
const alive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it("runs a job in another process, which is used again", async () => {
  const { run } = await open();
  const [first, second] = [pidOf(await run("who")), pidOf(await run("who"))];
  expect(first).not.toBe(process.pid);
  expect(second).toBe(first);
  const both = await Promise.all([run("who"), run("who")]);
  expect(new Set(both.map(pidOf)).size).toBe(2);
  await world?.close();
  world = undefined;
  await waitFor("the end of both", () => !both.some((one) => alive(pidOf(one))));
});

it("runs each job once where several parts of one process ask whether it is a sandbox", async () => {
  const { run } = await open();
  for (const result of ["1", "2"]) expect((await run("counts")).outcome).toEqual({ kind: "completed", result });
});

it("kills a job that keeps its process busy at the hard limit; the next has a new process", async () => {
  const { run } = await open();
  const before = pidOf(await run("who"));
  expect((await run("busy")).outcome).toEqual({ kind: "failed", error: "hard time limit", final: false });
  expect(pidOf(await run("who"))).not.toBe(before);
  expect(alive(before)).toBe(false);
});

it("outlives a job that ends its process", async () => {
  const { run } = await open();
  expect((await run("dies")).outcome).toEqual({ kind: "failed", error: "its sandbox ended (SIGKILL)", final: false });
  expect((await run("who")).outcome.kind).toBe("completed");
});

it("brings errors over as they are", async () => {
  const { run } = await open();
  expect((await run("fails")).outcome).toEqual({ kind: "failed", error: "this time", final: false });
  expect((await run("fails", '{"final":true}')).outcome).toEqual({ kind: "failed", error: "for good", final: true });
});

it("has effects in the task database, progress, and encrypted fields there", async () => {
  const { store, run, world } = await open({ QUEUE_ENCRYPTION_KEY: `k1:${randomBytes(32).toString("base64")}` });
  const effect = jobs.find(({ name }) => name === "effect");
  const { json } = encode(effect as never, { secret: "sesam" } as never, world.settings.encryptionKeys);
  expect(json).not.toContain("sesam");
  const seen: number[] = [];
  const { job, outcome } = await run("effect", json, { progress: async (percent) => void seen.push(percent) });
  expect(outcome).toEqual({ kind: "completed", result: '"sesam"' });
  expect(await store.effect(job.id)).toEqual({ result: '"sesam"' });
  expect(seen).toEqual([40]);
  expect(world.lines.at(-1)).toMatch(/fertig \(\d+ ms, half\)$/);
});

it("asks a job to end with its worker, and ends the deaf", async () => {
  const { store, executor } = await open();
  for (const payload of ["{}", '{"deaf":true}']) {
    const stop = new AbortController();
    const job = newJob("waits", { payload });
    await store.insert(newTask(job));
    const outcome = executor.run(taken(job, { signal: stop.signal }));
    await waitFor("its start", async () => (await store.find(job.id))?.status === "active");
    stop.abort(new Aborted("worker stops"));
    expect(await outcome).toEqual({ kind: "handed back" });
  }
});

it("starts a process anew after as many jobs as the settings say", async () => {
  const { run } = await open({ QUEUE_MAX_JOBS: "2" });
  const pids = [];
  for (const _ of [1, 2, 3]) pids.push(pidOf(await run("who")));
  expect(pids[1]).toBe(pids[0]);
  expect(pids[2]).not.toBe(pids[0]);
});

it("starts a process anew that has taken more memory than the settings allow", async () => {
  const { run } = await open({ QUEUE_MAX_MEMORY: "16" });
  expect(pidOf(await run("who"))).not.toBe(pidOf(await run("who")));
});

it("says what is missing where the application doesn't know of sandboxes", async () => {
  const other = join(folder, "other.cjs");
  writeFileSync(other, "process.exitCode = 3;\n");
  const { run } = await open({}, other);
  const error = `its sandbox ended (exit code 3); ${other} should call maybeRunSandbox(table) first of all`;
  expect((await run("who")).outcome).toEqual({ kind: "failed", error, final: false });
});

it("gives a job back whose process is stopped, with its worker, before it is ready", async () => {
  const early = join(folder, "early.cjs");
  writeFileSync(early, 'process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 60_000);\n');
  const { store, executor, run } = await open({}, early);
  const { job, outcome } = await run("who");
  expect(outcome).toEqual({ kind: "handed back" });
  expect(await store.find(job.id)).toMatchObject({ status: "waiting", error: null });
  const here = newJob("who");
  await store.insert(newTask(here));
  await expect(executor.runHere(here)).rejects.toThrow(Aborted);
  expect(await store.find(here.id)).toMatchObject({ status: "waiting" });
});

it("is no sandbox where nobody made it one", () => {
  expect(execFileSync(process.execPath, [entry], { encoding: "utf8" })).toBe("backend\nworker\n");
});

it("ends with its worker, also while a job keeps it busy", async () => {
  const worker = join(folder, "worker.cjs");
  const held = { id: "1", type: "busy", payload: "{}", attempt: 1, label: "Work" };
  writeFileSync(
    worker,
    `const child = require("node:child_process").fork(${JSON.stringify(entry)}, { env: { ...process.env, QUEUEHOST_SANDBOX: "1" }, serialization: "advanced" });
     child.on("message", ({ say }) => {
       if (say !== "ready") return;
       child.send({ do: "run", held: ${JSON.stringify(held)}, settings: { encryptionKeys: [] } });
       setTimeout(() => console.log(child.pid), 100);
     });`,
  );
  const outer = spawn(process.execPath, [worker], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  outer.stdout.on("data", (chunk) => {
    said += chunk;
  });
  const pid = Number(await waitFor("a busy sandbox", () => /^\d+$/m.exec(said)?.[0]));
  outer.kill("SIGKILL");
  try {
    await waitFor("its end", () => !alive(pid));
  } finally {
    if (alive(pid)) process.kill(pid, "SIGKILL");
  }
});
