import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PACKAGE } from "../../scripts/lib/places";
import { run } from "../../scripts/lib/run";
import { freePort } from "../support/free-port";
import { LACKS_ENGINE } from "../support/requires";
import { waitFor } from "../support/wait-for";
import { EngineProxy } from "../twin/support/engine-proxy";

interface Finished {
  readonly code: number | null;
  readonly output: string;
}

/** A command in the clone, as somebody types it: in a process group of its own, which a Ctrl-C reaches as a whole. */
interface Typed {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly finished: Promise<Finished>;
}

describe.skipIf(LACKS_ENGINE)("in a fresh clone", () => {
  const folder = mkdtempSync(join(tmpdir(), "queuehost-clone-"));
  const clone = join(folder, "clone");
  /** Docker, as the clone sees it. */
  const docker = new EngineProxy(join(folder, "docker.sock"));
  let port: number;

  beforeAll(async () => {
    port = await freePort();
    await docker.open();
    await run("git", ["clone", "--quiet", PACKAGE, clone]);
  });
  afterAll(async () => {
    if (existsSync(clone)) await npm("stop").finished;
    await docker.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("npm start says who has its port, and makes nothing", async () => {
    const other = createServer().listen(port, "127.0.0.1");
    const { code, output } = await npm("start", "--", "--port", String(port)).finished;
    await new Promise((closed) => other.close(closed));
    expect(code).toBe(1);
    expect(output.split(`port ${port} on 127.0.0.1 is in use`)).toHaveLength(2);
    expect(output).not.toMatch(/^\s+at /m);
  });

  test("Docker that stops in the middle is named, and the cloud's answer is an error", async () => {
    const started = npm("start", "--", "--port", String(port));
    await waitFor("the server to be in the making", () => /Server queuehost-server creating/.test(started.said()), 120);
    await docker.close();
    const { code, output } = await started.finished;
    await docker.open();
    expect(code, output).toBe(1);
    expect(output).toMatch(/Docker doesn't answer|Docker/);
    expect(output).not.toMatch(/^\s+at /m);
  });

  test("a second npm start at the same time is refused by name; Ctrl-C ends the first properly", async () => {
    const first = npm("start", "--", "--port", String(port));
    await waitFor(
      "the first one to be making the server",
      () => /Server queuehost-server creating/.test(first.said()),
      120,
    );
    const second = await npm("start", "--", "--port", String(port)).finished;
    expect(second.code).toBe(1);
    expect(second.output).toMatch(/npm start \(process \d+\) is at work in .*Wait for it to end/);
    interrupt(first);
    const { code, output } = await first.finished;
    expect(output).toContain("Interrupted. npm start goes on from here.");
    expect(code).toBe(130);
  });

  test("the next npm start goes on from there, and ends with a green verification", async () => {
    const { code, output } = await npm("start", "--", "--port", String(port)).finished;
    expect(code, output).toBe(0);
    expect(output).toMatch(/\d+ checks, all as it should be/);
    const tasks = `${/Application\S*\s+(http\S+)/.exec(output)?.[1]}/api/tasks/`;
    expect((await fetch(tasks)).status).toBe(401);
    const config = await stack("config", "get", "env.API_TOKENS");
    const headers = { authorization: `Bearer ${config.output.trim().split(":")[1]}` };
    expect((await fetch(tasks, { headers })).status).toBe(200);
    expect(output).not.toContain(headers.authorization.slice("Bearer ".length));
  });

  test("a killed up leaves a lock and an unknown server; the next npm start heals both", async () => {
    const before = await stack("config", "set", "server.name", "renamed");
    expect(before.exitCode, before.output).toBe(0);
    expect((await stack("destroy", "--yes", "--skip-preview")).exitCode).toBe(0);
    const first = npm("start", "--", "--port", String(port));
    await waitFor("the server to be asked for", () => /Server queuehost-server creating/.test(first.said()), 120);
    await waitFor("the twin to have the server", async () => (await servers()).length === 1, 30);
    kill(first, "SIGKILL");
    for (const pid of lockHolders()) process.kill(-pid, "SIGKILL");
    await first.finished;
    expect(lockHolders()).toHaveLength(1);
    const { code, output } = await npm("start", "--", "--port", String(port)).finished;
    expect(code, output).toBe(0);
    expect(output).toContain("released the lock of an operation that was killed");
    expect(await servers()).toHaveLength(1);
  });

  test("plain npx pulumi works here", async () => {
    const token = readFileSync(join(clone, ".rehearsal/token"), "utf8");
    const made = await fetch(`http://127.0.0.1:${port}/v1/ssh_keys`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ name: "by-hand", public_key: await newPublicKey(folder) }),
    });
    const { ssh_key: key } = (await made.json()) as { ssh_key: { id: number } };
    for (const words of [
      ["preview", "--expect-no-changes"],
      ["up", "--yes", "--expect-no-changes"],
      ["refresh", "--yes", "--expect-no-changes"],
      ["stack"],
      ["config", "get", "redis.maxmemory"],
      [
        "import",
        "hcloud:index/sshKey:SshKey",
        "by-hand",
        String(key.id),
        "--yes",
        "--protect=false",
        "--generate-code=false",
      ],
      ["up", "--yes"],
      ["cancel", "--yes"],
    ]) {
      const { exitCode, output } = await stack(...words);
      expect(exitCode, `pulumi ${words.join(" ")}\n${output}`).toBe(0);
    }
    const keys = await fetch(`http://127.0.0.1:${port}/v1/ssh_keys`, { headers: { authorization: `Bearer ${token}` } });
    // Imported, and in no program: the last up deleted it.
    expect(((await keys.json()) as { ssh_keys: unknown[] }).ssh_keys).toHaveLength(1);
  });

  test("npm run verify reads the same for a script", async () => {
    const { code, output } = await npm("--silent", "run", "verify", "--", "--json").finished;
    expect(code, output).toBe(0);
    expect(JSON.parse(output)).toMatchObject({ stack: "rehearsal", ok: true });
  });

  test("npm stop leaves nothing", async () => {
    const id = twinId();
    const { code, output } = await npm("stop").finished;
    expect(code, output).toBe(0);
    expect(existsSync(join(clone, ".rehearsal"))).toBe(false);
    const { stdout } = await run("docker", ["ps", "--all", "--format", "{{.Names}}"]);
    expect(stdout).not.toContain(id);
  });

  /** Everything a stranger has: an empty home, but for the engine and what npm has downloaded before. */
  function npm(...args: string[]): Typed {
    const child = spawn("npm", args, {
      cwd: clone,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: (process.env.PATH ?? "")
          .split(":")
          .filter((entry) => !entry.includes("node_modules"))
          .join(":"),
        HOME: join(folder, "home"),
        PULUMI_HOME: process.env.PULUMI_HOME ?? join(homedir(), ".pulumi"),
        npm_config_cache: process.env.npm_config_cache ?? join(homedir(), ".npm"),
        DOCKER_HOST: `unix://${docker.path}`,
        ...passed("npm_config_cafile", "NODE_EXTRA_CA_CERTS"),
      },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        output += chunk;
      });
    const finished = new Promise<Finished>((settle) =>
      // npm ends itself by the signal that ended its script; a shell reports that as 130.
      child.on("close", (code, signal) => settle({ code: signal === "SIGINT" ? 130 : code, output })),
    );
    return { child, said: () => output, finished };
  }

  const interrupt = (typed: Typed) => kill(typed, "SIGINT");

  function kill({ child }: Typed, signal: NodeJS.Signals): void {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  }

  /** Plain pulumi, with what npm start wrote for it. */
  function stack(...args: string[]) {
    return run("sh", ["-c", '. .rehearsal/env && npx pulumi "$@" --stack rehearsal', "sh", ...args], { cwd: clone });
  }

  async function servers(): Promise<unknown[]> {
    const token = readFileSync(join(clone, ".rehearsal/token"), "utf8");
    const response = await fetch(`http://127.0.0.1:${port}/v1/servers`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return ((await response.json()) as { servers: unknown[] }).servers;
  }

  function lockHolders(): number[] {
    const locks = join(clone, ".rehearsal/state/.pulumi/locks/organization/queuehost/rehearsal");
    const names = existsSync(locks) ? readdirSync(locks).filter((name) => name.endsWith(".json")) : [];
    return names.map((name) => JSON.parse(readFileSync(join(locks, name), "utf8")).pid);
  }

  const twinId = () =>
    /twin (\S+) answers/.exec(readFileSync(join(clone, ".rehearsal/twin/twin.log"), "utf8"))?.[1] ?? "none";
});

async function newPublicKey(folder: string): Promise<string> {
  const file = join(folder, "by-hand");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
  return readFileSync(`${file}.pub`, "utf8").trim();
}

function passed(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
