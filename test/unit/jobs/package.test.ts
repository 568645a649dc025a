import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PACKAGE } from "../../../scripts/lib/places";
import { type Ended, run } from "../../../scripts/lib/run";
import { waitFor } from "../../support/wait-for";
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

/** Ten lines that run as they stand, as an ES module. */
const [, EXAMPLE = ""] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(PACKAGE, "app/jobs/README.md"), "utf8")) ?? [];

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
    writeFileSync(join(project, "right.mts"), EXAMPLE);
    writeFileSync(join(project, "wrong.ts"), WRONG);
  }, 300_000);
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  test("has types: each fault of a caller is found, and nothing else", { timeout: 300_000 }, async () => {
    const options = ["--strict", "--module", "nodenext", "--target", "es2024", "--types", "node"];
    const { output } = await node(bin("tsc"), ...options, "right.mts", "wrong.ts");
    const found = output.split("\n").filter((line) => /^\S/.test(line));
    expect(found.map((line) => line.replace(/\((\d+),.*/, ":$1"))).toEqual(
      WRONG_LINES.map((line) => `wrong.ts:${line}`),
    );
    expect(found[0]).toContain("Type 'number' is not assignable to type 'string'");
  });

  test.skipIf(redis.missing)(`does what its README says${redis.note}`, { timeout: 120_000 }, async () => {
    const server = await RedisServer.start();
    const env = { ...process.env, REDIS_PORT: String(server.port), STATE_DIR: join(project, "data") };
    const running = spawn(bin("node"), ["right.mjs"], { cwd: project, env, stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise((settle) => running.once("exit", settle));
    try {
      let output = "";
      running.stdout.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
      await waitFor("the job", () => output.includes("Welcome, eva@example.org!"), 30);
    } finally {
      running.kill("SIGKILL");
      await ended;
      await server.remove();
    }
  });

  test("is a CommonJS module too, and shows nothing but what it exports", async () => {
    const { stdout } = await node("-p", `typeof require("queuehost/jobs").openJobs`);
    expect(stdout).toBe("function");
    const { output } = await node("-e", `require("queuehost/jobs/store/sqlite")`);
    expect(output).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });
});
