import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openJobs } from "../../../app/jobs";
import { readSettings } from "../../../app/jobs/settings-from-env";
import { waitFor } from "../../support/wait-for";
import { RedisServer, redis } from "../app/support/redis-server";
import { table } from "./client/support";

const README = readFileSync("app/jobs/README.md", "utf8");

describe("README.md of the library", () => {
  it("has a word for every variable of the environment", () => {
    const source = readFileSync("app/jobs/settings-from-env.ts", "utf8");
    const variables = new Set([...source.matchAll(/^ {2}([A-Z]+(?:_[A-Z]+)*):/gm)].map(([, name = ""]) => name));
    expect(variables.size).toBeGreaterThan(20);
    for (const name of variables) expect(README).toContain(`\`${name}\``);
  });

  it("has a word for everything that a client can do", async () => {
    const stateDir = mkdtempSync(join(tmpdir(), "queuehost-readme-"));
    const jobs = await openJobs(table, readSettings({ QUEUE_ENABLED: "false", STATE_DIR: stateDir }));
    await jobs.shutdown();
    rmSync(stateDir, { recursive: true });
    const called = Object.entries(jobs).filter(([, value]) => typeof value === "function");
    expect(called.length).toBeGreaterThan(20);
    for (const [name] of called) expect(README).toContain(`\`${name}\``);
  });

  describe.skipIf(redis.missing)(`its example${redis.note}`, () => {
    let server: RedisServer;
    let folder: string;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "queuehost-readme-"));
      server = await RedisServer.start();
    });
    afterAll(async () => {
      await server.remove();
      rmSync(folder, { recursive: true, force: true });
    });

    it("runs as it stands", async () => {
      const [, example = ""] = /```ts\n([\s\S]*?)```/.exec(README) ?? [];
      expect(example.trim().split("\n")).toHaveLength(10);
      const outfile = join(folder, "example.mjs");
      await build({
        stdin: { contents: example, resolveDir: process.cwd(), loader: "ts" },
        ...{ outfile, bundle: true, platform: "node", format: "esm", logLevel: "error" },
        // The libraries in it are CommonJS.
        banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
        alias: { "queuehost/jobs": join(process.cwd(), "app/jobs/index.ts") },
      });
      const env = { ...process.env, REDIS_PORT: String(server.port), STATE_DIR: folder };
      const running = spawn(process.execPath, [outfile], { env, stdio: ["ignore", "pipe", "inherit"] });
      let output = "";
      running.stdout.on("data", (chunk) => {
        output += chunk;
      });
      try {
        await waitFor("the new user is welcomed", () => /Welcome, eva@example\.org!/.test(output));
        await waitFor("the job is done", () => /fertig \(\d+ ms\)/.test(output));
      } finally {
        running.kill("SIGKILL");
      }
    });
  });
});
