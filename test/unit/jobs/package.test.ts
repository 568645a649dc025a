import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PACKAGE } from "../../../scripts/lib/places";
import { type Ended, run } from "../../../scripts/lib/run";
import { RedisServer, redis } from "../app/support/redis-server";

const JOB = `import { defineJob, defineTable, openJobs, readSettings } from "queuehost/jobs";
import { z } from "zod";

const greet = defineJob({
  name: "greet",
  queue: "mail",
  description: "Says hello",
  payload: z.object({ to: z.string(), times: z.number().default(1) }),
  async run({ to, times }, { id, signal }) {
    const count: number = times;
    console.log(\`Hello \${to}, \${count} times, job \${id}, \${signal.aborted}\`);
    return { greeted: to };
  },
});
const table = defineTable({ queues: { mail: { description: "Mails" } }, jobs: [greet] });
`;

const RIGHT = `${JOB}
async function main() {
  const jobs = await openJobs(table, readSettings(process.env, table));
  await jobs.settled;
  const { id, outcome } = await jobs.enqueue(greet, { to: "Ada" }, { id: "first" });
  console.log(id, outcome);
  jobs.work();
  while ((await jobs.status("first"))?.status !== "completed") await new Promise((next) => setTimeout(next, 20));
  console.log(JSON.stringify((await jobs.status("first"))?.result));
  await jobs.shutdown();
}
void main();
`;

/** Faults that the compiler has to find, by the line that they are in. */
const WRONG = `${JOB}
export async function wrong() {
  const jobs = await openJobs(table, readSettings(process.env, table));
  await jobs.enqueue(greet, { to: 1 });
  await jobs.enqueue(greet, {});
  await jobs.enqueueBulk(greet, [{ to: "Ada" }, { too: "Bob" }]);
  await jobs.enqueue(greet, { to: "Ada" }, { priority: "urgent" });
  await jobs.status(1);
}
`;
const WRONG_LINES = WRONG.split("\n").flatMap((line, at) =>
  /to: 1|greet, {}|too:|urgent|status\(1\)/.test(line) ? [at + 1] : [],
);

describe("the package's queuehost/jobs, in a project of another team's", () => {
  const project = mkdtempSync(join(tmpdir(), "queuehost-jobs-package-"));
  const installed = join(project, "node_modules/queuehost");
  const bin = (name: string) => join(PACKAGE, "node_modules/.bin", name);
  const node = (...args: string[]): Promise<Ended> => run(bin("node"), args, { cwd: project });

  beforeAll(async () => {
    // As npm would: what `prepare` makes, beside package.json, and the packages that it names.
    mkdirSync(installed, { recursive: true });
    const built = await node(
      bin("tsc"),
      "-p",
      join(PACKAGE, "tsconfig.jobs.json"),
      "--outDir",
      `${installed}/dist/jobs`,
    );
    expect(built.output).toBe("");
    copyFileSync(join(PACKAGE, "package.json"), join(installed, "package.json"));
    symlinkSync(join(PACKAGE, "node_modules"), join(installed, "node_modules"));
    for (const name of ["zod", "@types"])
      symlinkSync(join(PACKAGE, "node_modules", name), join(project, "node_modules", name));
    writeFileSync(join(project, "right.ts"), RIGHT);
    writeFileSync(join(project, "wrong.ts"), WRONG);
  }, 120_000);
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  test("has types: each fault of a caller is found, and nothing else", { timeout: 120_000 }, async () => {
    const options = ["--strict", "--module", "nodenext", "--target", "es2024", "--types", "node"];
    const { output } = await node(bin("tsc"), ...options, "right.ts", "wrong.ts");
    const found = output.split("\n").filter((line) => /^\S/.test(line));
    expect(found.map((line) => line.replace(/\((\d+),.*/, ":$1"))).toEqual(
      WRONG_LINES.map((line) => `wrong.ts:${line}`),
    );
    expect(found[0]).toContain("Type 'number' is not assignable to type 'string'");
  });

  test.skipIf(redis.missing)(`runs in plain Node${redis.note}`, { timeout: 60_000 }, async () => {
    const server = await RedisServer.start();
    try {
      const env = { REDIS_PORT: String(server.port), STATE_DIR: join(project, "data") };
      const { output, exitCode } = await run(bin("node"), ["right.js"], { cwd: project, env });
      expect(output).toContain("first queued\n");
      expect(output).toContain("Hello Ada, 1 times, job first, false\n");
      expect(output).toMatch(/^\{"greeted":"Ada"\}$/m);
      expect(exitCode).toBe(0);
    } finally {
      await server.remove();
    }
  });

  test("shows nothing but what it exports", async () => {
    const { output } = await node("-e", `require("queuehost/jobs/store/sqlite")`);
    expect(output).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });
});
