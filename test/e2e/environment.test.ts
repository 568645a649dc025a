import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Kept } from "../../scripts/environment/rescue/note";
import { PACKAGE, PROJECT } from "../../scripts/lib/places";
import { type Ended, run } from "../../scripts/lib/run";
import { Deployment } from "../support/deployment";
import { LACKS_ENGINE } from "../support/requires";
import { waitFor } from "../support/wait-for";
import { reserve, statusOf } from "./reservations";

describe.skipIf(LACKS_ENGINE)("an environment, by the command line", () => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await Deployment.make("environment");
  });
  afterAll(async () => {
    if (deployment) new Kept(deployment.pulumi.stack).remove();
    await deployment?.end();
  });

  test("an existing .env is taken over as a whole, without a value on the screen", async () => {
    const file = write(
      "GREETING='hello s3cret'\nAPI_KEY=s3cret-key\nLEVEL=info\nNODE_ENV=staging\nQUEUE_CONCURRENCY=7\n",
    );
    const { exitCode, output } = await queuehost("env", "import", file, "--plain", "LEVEL", "--json");
    expect(exitCode, output).toBe(0);
    expect(output).not.toContain("s3cret");
    expect(JSON.parse(output)).toMatchObject({
      written: true,
      variables: [
        { key: "GREETING", setting: "env.GREETING", secret: true, change: "new" },
        { key: "API_KEY", secret: true, change: "new" },
        { key: "LEVEL", secret: false, change: "new" },
        { key: "QUEUE_CONCURRENCY", setting: "queue.concurrency", secret: false, change: "changed" },
      ],
      left: [{ key: "NODE_ENV" }],
    });
    expect(deployment.readConfig()).not.toContain("s3cret");
    expect(await deployment.pulumi.config("env.GREETING")).toBe("hello s3cret");
    const again = JSON.parse((await queuehost("env", "import", file, "--plain", "LEVEL", "--json")).stdout);
    expect(again.variables.map(({ change }: { change: string }) => change)).toEqual(Array(4).fill("same"));
  });

  test("a file with faults changes nothing, nor does a look", async () => {
    const before = deployment.readConfig();
    const faulty = await queuehost("env", "import", write("NEW=1\nno variable\nPORT=80\nNEW=2\n"));
    expect(faulty.exitCode).toBe(1);
    expect(faulty.output).toMatch(/^Nothing was written: 3 faults\.\n.*:2: .*\n.*:3: PORT .*\n.*:4: NEW .*\n/);
    const dry = await queuehost("env", "import", write("NEW=1\n"), "--dry-run");
    expect(dry.exitCode, dry.output).toBe(0);
    expect(deployment.readConfig()).toBe(before);
  });

  test("names are listed without values, with who sets them", async () => {
    const { stdout } = await queuehost("env", "list");
    expect(stdout).toMatch(/^API_KEY +secret +team$/m);
    expect(stdout).toMatch(/^LEVEL +plain +team$/m);
    expect(stdout).toMatch(/^REDIS_PASSWORD +secret +queuehost$/m);
    expect(stdout).not.toContain("info");
  });

  test("without a server there is nothing to compare with", async () => {
    const { exitCode, output } = await queuehost("env", "diff");
    expect(exitCode).toBe(1);
    expect(output).toMatch(/has no server to compare with\. Bring it up first: .* up --stack/);
  });

  test("up asks where nobody can answer only with --yes, and ends with a green verification", async () => {
    expect((await queuehost("up")).output).toMatch(/^--yes: is needed/);
    const { exitCode, output } = await queuehost("up", "--yes");
    expect(exitCode, output).toBe(0);
    expect(output).toMatch(/checks, all as it should be/);
    expect(output).toMatch(/Stack \S+ is up \(.*\): http:\/\//);
  });

  test("the server's .env is what the configuration says, until one of them changes", async () => {
    expect((await queuehost("env", "diff")).exitCode).toBe(0);
    const env = "/srv/queuehost/shared/.env";
    await deployment.onServer(
      `cp ${env} /root/env; sed -i '/^LEVEL=/d; s/hello/changed/' ${env}; echo BY_HAND=1 >>${env}`,
    );
    await deployment.pulumi.configure({}, { "queuehost:env.LATER": "s3cret" });
    const { exitCode, stdout } = await queuehost("env", "diff", "--json");
    await deployment.onServer(`cat /root/env >${env}`);
    await deployment.pulumi.read(["config", "rm", "env.LATER"]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout).differences).toEqual([
      { key: "BY_HAND", where: "only on the server" },
      { key: "GREETING", where: "another value" },
      { key: "LATER", where: "only in the configuration" },
      { key: "LEVEL", where: "only in the configuration" },
    ]);
    expect((await queuehost("env", "diff")).exitCode).toBe(0);
  });

  test("a protected stack is neither destroyed nor recreated, and it is said how that is lifted", async () => {
    const before = await servers();
    await deployment.pulumi.configure({ "queuehost:server.protect": "true" }, {});
    for (const command of ["destroy", "recreate"]) {
      const { exitCode, output } = await queuehost(command, "--yes");
      expect(exitCode).toBe(1);
      expect(output).toContain("server.protect is true");
      expect(output).toContain(`npx pulumi config set server.protect false --stack ${deployment.pulumi.stack}`);
    }
    await deployment.up();
    // Lifted in the configuration alone: the state and the cloud still hold it.
    await deployment.pulumi.configure({ "queuehost:server.protect": "false" }, {});
    const { exitCode, output } = await queuehost("destroy", "--yes");
    expect(exitCode).toBe(1);
    expect(output).toMatch(/^ {2}Server .*server$/m);
    expect(await servers()).toEqual(before);
    await deployment.up();
  });

  test("another name for the application is refused before anything changes", async () => {
    await deployment.pulumi.configure({ "queuehost:app.name": "other" }, {});
    const { exitCode, output } = await queuehost("up", "--yes");
    await deployment.pulumi.read(["config", "rm", "app.name"]);
    expect(exitCode).toBe(1);
    expect(output).toMatch(
      /app\.name: the server \S+ runs queuehost, and a server has one application; got other\. Nothing was changed/,
    );
    expect(await deployment.up()).toEqual([]);
  });

  test("recreate deletes nothing where a new server couldn't be had, or its configuration has a fault", async () => {
    const before = await servers();
    for (const [key, value, fault] of [
      // Offered elsewhere alone: the server that is there keeps its place.
      ["server.location", "ash", "server.type, server.location: Hetzner has nothing of what they name"],
      ["app.port", "80", "app.port: should be"],
    ] as const) {
      await deployment.pulumi.configure({ [`queuehost:${key}`]: value }, {});
      const { exitCode, output } = await queuehost("recreate", "--yes");
      await deployment.pulumi.read(["config", "rm", key]);
      expect(exitCode, output).toBe(1);
      expect(output).toContain("Nothing was deleted.");
      expect(output).toContain(fault);
    }
    expect(await servers()).toEqual(before);
    expect(await deployment.red()).toEqual([]);
  });

  test("an up that would replace the server, and all that is nowhere else with it, is refused", async () => {
    const before = await servers();
    const urn = (await deployment.pulumi.read(["stack", "--show-urns"])).match(
      /urn:\S+hcloud:index\/server:Server::\S+/,
    )?.[0];
    await deployment.pulumi.read(["state", "taint", urn ?? "", "--yes"]);
    const { exitCode, output } = await queuehost("up", "--yes");
    await deployment.pulumi.read(["state", "untaint", urn ?? "", "--yes"]);
    expect(exitCode, output).toBe(1);
    expect(output).toMatch(
      /This up would replace the server \S+, with its data and its backups, .* Nothing was changed\./,
    );
    expect(output).toMatch(/With its data: .* recreate --stack \S+ --restore latest/);
    expect(await servers()).toEqual(before);
    expect(await deployment.up()).toEqual([]);
  });

  test("recreate is for a new server with the same data; cut off in the middle, it goes on the next time", async () => {
    expect(await reserve(deployment, "before-the-move")).toBeLessThan(300);
    await waitFor("the job's end", async () => (await statusOf(deployment, "before-the-move")) === "completed", 60);
    const [before] = await servers();
    const interrupted = queuehost("recreate", "--restore", "latest", "--yes", async (child) => {
      await waitFor("the deletion", async () => (await servers())[0] !== before, 180);
      process.kill(-(child.pid ?? 0), "SIGINT");
    });
    expect((await interrupted).exitCode, (await interrupted).output).toBe(130);
    expect((await interrupted).output).toMatch(/Interrupted\. .* recreate .*--restore latest goes on from here\.\n?$/);
    const [kept = ""] = readdirSync(folder()).filter((file) => file.endsWith(".tar"));
    expect(statSync(folder()).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder(), kept)).mode & 0o777).toBe(0o600);
    const { exitCode, output, stdout } = await queuehost("recreate", "--restore", "latest", "--yes", "--json");
    expect(exitCode, output).toBe(0);
    const { ok, backup, jobs } = JSON.parse(stdout);
    expect({ ok, backup: `${backup}.tar` }).toEqual({ ok: true, backup: kept });
    expect(jobs.backup).toBeGreaterThan(0);
    expect(jobs.now).toBe(jobs.backup);
    expect(existsSync(folder())).toBe(false);
    const after = await servers();
    expect(after).toHaveLength(1);
    expect(after[0]).not.toBe(before);
    expect(await deployment.up()).toEqual([]);
    // Which also has the deployment ask for its new address.
    expect(await deployment.up()).toEqual([]);
    expect(await statusOf(deployment, "before-the-move")).toBe("completed");
  });

  test("destroy leaves nothing in the cloud, and the configuration", async () => {
    const { exitCode, output } = await queuehost("destroy", "--yes");
    expect(exitCode, output).toBe(0);
    expect(output).toMatch(/nothing is left in the cloud/);
    expect(await servers()).toEqual([]);
    expect(await deployment.pulumi.config("env.LEVEL")).toBe("info");
  });

  /** The command line on this stack, as a script runs it. */
  function queuehost(...args: (string | ((child: ChildProcess) => void))[]): Promise<Ended> {
    const words = args.filter((arg) => typeof arg === "string");
    const onChild = args.find((arg) => typeof arg === "function");
    return run(
      process.execPath,
      ["--import", "tsx", join(PACKAGE, "scripts/queuehost.ts"), ...words, "--stack", deployment.pulumi.stack],
      { cwd: PACKAGE, env: deployment.rehearsal.environment, stdin: "ignore", detached: true },
      undefined,
      onChild,
    );
  }

  function write(text: string): string {
    const file = join(deployment.rehearsal.folder, "their.env");
    writeFileSync(file, text);
    return file;
  }

  /** Where a recreate keeps what it brings back. */
  const folder = () => join(PROJECT, ".queuehost/recreate", deployment.pulumi.stack);

  const servers = async () =>
    (await deployment.api<{ servers: { id: number }[] }>("/servers")).servers.map(({ id }) => id);
});
