import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { Guests } from "../../scripts/access/guests";
import { tellServer } from "../../scripts/access/server";
import { PACKAGE } from "../../scripts/lib/places";
import { type Ended, run } from "../../scripts/lib/run";
import { dial } from "../../scripts/verification/dial";
import { Deployment } from "../support/deployment";
import { LACKS_ENGINE } from "../support/requires";
import { waitFor } from "../support/wait-for";

const BIN = join(PACKAGE, "scripts/bin.cjs");

interface Step {
  readonly name: string;
  readonly run: string;
}

/** What the jobs of the ready workflow run, but for the installation. */
function workflow(): Record<string, Step[]> {
  const { jobs } = parse(readFileSync(join(PACKAGE, "template/.github/workflows/queuehost.yml"), "utf8"));
  return Object.fromEntries(
    Object.entries<{ steps: Partial<Step>[] }>(jobs).map(([job, { steps }]) => [
      job,
      steps.filter((step): step is Step => step.run !== undefined && step.name !== "Install"),
    ]),
  );
}

describe.skipIf(LACKS_ENGINE)("getting in, by the command line", () => {
  let deployment: Deployment;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    deployment = await Deployment.make("access");
    await deployment.up();
  });
  afterAll(async () => {
    for (const child of children) child.kill("SIGKILL");
    await deployment?.end();
  });

  const words = (args: readonly string[]) => {
    const [command = "", ...rest] = args;
    return [BIN, command, "--stack", deployment.pulumi.stack, ...rest];
  };
  const env = () => ({ ...process.env, ...deployment.rehearsal.environment });
  const queuehost = (...args: string[]): Promise<Ended> => run(process.execPath, words(args), { env: env() });
  /** A command that goes on, and what it has printed so far. */
  const begin = (...args: string[]) => {
    const child = spawn(process.execPath, words(args), { env: env(), stdio: ["ignore", "pipe", "pipe"] });
    children.push(child);
    const lines: string[] = [];
    for (const stream of [child.stdout, child.stderr]) createInterface(stream).on("line", (line) => lines.push(line));
    return { child, lines };
  };
  /** Runs steps of a job as a runner would, one after another; `npx` finds what this clone has. */
  const onRunner = async (steps: readonly Step[] = []) => {
    const folder = join(deployment.rehearsal.folder, "runner");
    mkdirSync(folder, { recursive: true });
    const npx = `#!/bin/sh\n[ "$1" = queuehost ] || exec "$@"\nshift\nexec '${process.execPath}' '${BIN}' "$@"\n`;
    writeFileSync(join(folder, "npx"), npx, { mode: 0o755 });
    const summary = join(folder, "summary");
    const runner = {
      ...env(),
      PATH: [folder, join(PACKAGE, "node_modules/.bin"), process.env.PATH].join(delimiter),
      STACK: deployment.pulumi.stack,
      GUEST: "run-4711",
      GITHUB_STEP_SUMMARY: summary,
      RUNNER_TEMP: folder,
    };
    for (const { name, run: script } of steps) {
      const shell = ["--noprofile", "--norc", "-eo", "pipefail", "-c", script];
      const { exitCode, output } = await run("bash", shell, { env: runner, cwd: PACKAGE });
      expect(exitCode, `${name}:\n${output}`).toBe(0);
    }
    return existsSync(summary) ? readFileSync(summary, "utf8") : "";
  };
  const port22 = async () => dial((await deployment.subject()).host, 22);

  test("ssh runs a command and ends as it does", async () => {
    const { exitCode, stdout, output } = await queuehost("ssh", "--", "whoami; exit 7");
    expect(exitCode, output).toBe(7);
    expect(stdout).toBe("deploy");
  });

  test("logs shows the last lines of one process or all, and nothing that isn't there", async () => {
    const { stdout } = await queuehost("logs", "-n", "50", "--json");
    const lines = stdout.split("\n").map((line) => JSON.parse(line));
    expect(new Set(lines.map(({ process }) => process))).toEqual(new Set(["backend", "worker"]));
    expect(lines).toEqual([...lines].sort((a, b) => a.time.localeCompare(b.time)));
    expect((await queuehost("logs", "worker", "-n", "1")).stdout).toMatch(
      /^worker@[ab]1 +\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} {2}./,
    );
    const { exitCode, output } = await queuehost("logs", "wroker");
    expect(exitCode).toBe(1);
    expect(output).toMatch(/^There is nothing that is called wroker; worker\?/);
  });

  test("logs follows until it is interrupted, and leaves nothing running on the server", async () => {
    const { child, lines } = begin("logs", "--follow", "-n", "1", "ssh");
    await waitFor("a first line", () => lines.length > 0, 30);
    await deployment.onServer("logger -t sshd nothing; true");
    await waitFor("the line of a new login", () => lines.some((line) => line.includes("Accepted publickey")), 30);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([143, null]);
    await waitFor(
      "journalctl's end",
      async () => (await deployment.onServer("pgrep -f '[j]ournalctl.*-f' || true")) === "",
    );
  });

  test("tunnel brings board and metrics to this machine's loopback, and to nobody else", async () => {
    const { child, lines } = begin("tunnel");
    const url = await waitFor("the pages", () => /http:\S+(?=\/board\/)/.exec(lines.join("\n"))?.[0], 30);
    expect(await (await fetch(`${url}/board/`)).text()).toContain("<html");
    const { queues } = (await (await fetch(`${url}/board/api/queues`)).json()) as { queues: { name: string }[] };
    expect(queues.map(({ name }) => name)).toContain("reservation");
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/^bullmq_job_count\{queue="reservation", state="waiting", prefix="queuehost"\} \d+$/m);
    expect(metrics).toMatch(/^queuehost_instance_up\{instance="queuehost-worker@[ab]1"\} 1$/m);
    const port = Number(new URL(url).port);
    const { host } = await deployment.subject();
    expect(await dial(host, port)).not.toBe("open");
    expect(await dial(deployment.twin.operatorAddress, port)).toBe("refused");
    expect(await deployment.red()).toEqual([]);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([130, null]);
    expect(await dial("127.0.0.1", port)).toBe("refused");
  });

  describe("from an address that the configuration doesn't name", () => {
    beforeAll(async () => {
      // Only somebody who is let in can change who is let in.
      const subject = await deployment.subject();
      const address = deployment.twin.operatorAddress;
      const guests = await Guests.of(deployment.pulumi);
      const until = new Date(Date.now() + 600_000);
      const guest = await guests.letIn(subject.serverId, "the change", [`${address}/32`], until);
      await tellServer(subject, address, 600, "the change");
      await deployment.configure({ "ssh.allowedFrom": "203.0.113.0/24" });
      await deployment.up();
      await guests.shutOut(guest);
    });

    test("ssh says that it is shut out, and how it gets in", async () => {
      expect(await port22()).toBe("no answer");
      const { exitCode, output } = await queuehost("ssh", "--", "true");
      expect(exitCode).toBe(1);
      expect(output).toMatch(
        /^Port 22 of \S+ doesn't answer \(no answer\): .* Let this machine in: .*allow-me --stack/,
      );
    });

    test("allow-me opens ssh for this machine, without anything that Pulumi would undo", async () => {
      const { exitCode, output } = await queuehost("allow-me", "--for", "10m", "--as", "anna@example.com");
      expect(exitCode, output).toBe(0);
      expect(output).toMatch(/^\S+ reaches ssh of \S+ until \d\d:\d\d\./);
      expect((await queuehost("ssh", "--", "true")).exitCode).toBe(0);
      expect(await deployment.red()).toEqual([]);
      await deployment.pulumi.read(["refresh", "--yes", "--skip-preview"]);
      expect(await deployment.up()).toEqual([]);
      expect(await port22()).toBe("open");
      const { guests } = JSON.parse((await queuehost("allow-me", "--list", "--json")).stdout);
      expect(guests).toMatchObject([{ who: "anna-example.com", ranges: [`${deployment.twin.operatorAddress}/32`] }]);
      expect(await deployment.onServer("tail -n 1 /var/log/queuehost/audit.log")).toMatch(
        /\tanna@example\.com\tssh \S+ for 600 s\tdone$/,
      );
    });

    test("a guest whose time is over turns the verification red, until any command shuts him out", async () => {
      const { serverId } = await deployment.subject();
      const guests = await Guests.of(deployment.pulumi);
      await guests.letIn(serverId, "late", ["198.51.100.1/32"], new Date(Date.now() - 1000));
      expect(await deployment.red()).toEqual(["outside: no other cloud firewall but those of guests"]);
      expect((await queuehost("allow-me", "--list")).output).toMatch(/^late, whose time is over, is shut out\.$/m);
      expect(await deployment.red()).toEqual([]);
    });

    test("--remove shuts out at once, in the cloud and on the server", async () => {
      const { exitCode, output } = await queuehost("allow-me", "--remove", "--as", "anna@example.com");
      expect(exitCode, output).toBe(0);
      await waitFor("port 22 to be shut", async () => (await port22()) === "no answer");
      expect((await queuehost("allow-me", "--list")).stdout).toMatch(/^Nobody is let in/);
    });

    test("the workflow previews without being let in", async () => {
      expect(await onRunner(workflow().preview)).toContain("Previewing update");
    });

    test("the workflow's own steps deploy, and let nobody stay", async () => {
      await onRunner(workflow().deploy);
      expect(await port22()).toBe("no answer");
    });

    test("a runner that dies is shut out by the job that comes after it", async () => {
      const { deploy = [], "shut-out": after } = workflow();
      await onRunner(deploy.filter(({ name }) => name === "Let this runner in"));
      expect(await port22()).toBe("open");
      await onRunner(after);
      expect(await port22()).toBe("no answer");
      await onRunner(workflow().sweep);
    });

    test("destroy leaves no guest behind", async () => {
      expect((await queuehost("allow-me")).exitCode).toBe(0);
      const { exitCode, output } = await queuehost("destroy", "--yes");
      expect(exitCode, output).toBe(0);
      expect((await deployment.api<{ firewalls: object[] }>("/firewalls")).firewalls).toEqual([]);
    });
  });
});
