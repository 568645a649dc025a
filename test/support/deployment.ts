import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runOverSsh } from "../../scripts/engine/command-provider";
import { PROJECT } from "../../scripts/lib/places";
import { Pulumi } from "../../scripts/lib/pulumi";
import { Rehearsal } from "../../scripts/lib/rehearsal";
import { run } from "../../scripts/lib/run";
import { ensureStack } from "../../scripts/rehearsal/stack";
import { verifySubject } from "../../scripts/verification";
import type { Check, Subject } from "../../scripts/verification/check";
import { type RunningTwin, startTwin, stopTwin } from "../../twin/client";
import { freePort } from "./free-port";

/** What the engine did: an operation and a resource's name, `update redis`; nothing where nothing had to be done. */
export type Steps = string[];

const quiet = () => {};

/** A twin and a stack of a test's own, beside whatever else runs on this machine. */
export class Deployment {
  /** The stacks beside this one. */
  private readonly others: Deployment[] = [];
  /** What the last `up` gave: to ask Pulumi for it takes as long as many a test. */
  private known: Promise<Subject> | undefined;

  private constructor(
    readonly rehearsal: Rehearsal,
    readonly twin: RunningTwin,
    readonly pulumi: Pulumi,
  ) {}

  /** Starts the twin and makes the stack with a valid configuration; brings nothing up. */
  static async make(name: string): Promise<Deployment> {
    const rehearsal = new Rehearsal(mkdtempSync(join(tmpdir(), `queuehost-${name}-`)));
    rehearsal.create();
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", rehearsal.sshKey]);
    const twin = await startTwin({
      stateDir: rehearsal.twinState,
      port: await freePort(),
      token: rehearsal.token,
      report: quiet,
    });
    const pulumi = new Pulumi(`e2e-${name}-${process.pid}`, rehearsal.environment);
    const deployment = new Deployment(rehearsal, twin, pulumi);
    await ensureStack(pulumi, rehearsal, twin, quiet).catch(async (error) => {
      await deployment.end();
      throw error;
    });
    return deployment;
  }

  /** One more stack in the same project of the same twin, as staging is beside production. It ends with this one. */
  async beside(name: string): Promise<Deployment> {
    const other = new Deployment(
      this.rehearsal,
      this.twin,
      new Pulumi(`${this.pulumi.stack}-${name}`, this.rehearsal.environment),
    );
    this.others.push(other);
    await ensureStack(other.pulumi, this.rehearsal, this.twin, quiet);
    return other;
  }

  /** Ends everything that `make`, `beside` and the tests began. */
  async end(): Promise<void> {
    await stopTwin(this.rehearsal.twinState, { deleteServers: true });
    for (const { configFile } of [this, ...this.others]) rmSync(configFile, { force: true });
    this.rehearsal.delete();
  }

  /** The stack's configuration, as it stands in its file. */
  readConfig(): string {
    return readFileSync(this.configFile, "utf8");
  }

  writeConfig(text: string): void {
    writeFileSync(this.configFile, text);
  }

  private get configFile(): string {
    return join(PROJECT, `Pulumi.${this.pulumi.stack}.yaml`);
  }

  /** Sets keys of the namespace `queuehost`. */
  async configure(plain: Readonly<Record<string, string>>, secrets: Readonly<Record<string, string>> = {}) {
    const named = (values: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(values).map(([key, value]) => [`queuehost:${key}`, value]));
    await this.pulumi.configure(named(plain), named(secrets));
  }

  /** `pulumi up`; throws with the engine's output when it fails. */
  async up(): Promise<Steps> {
    this.known = undefined;
    const { exitCode, output } = await this.pulumi.run(["up", "--yes", "--skip-preview", "--json"]);
    if (exitCode !== 0) throw new Error(`pulumi up ended with ${exitCode}:\n${errorsOf(output)}`);
    return stepsOf(output);
  }

  async verify(): Promise<Check[]> {
    return verifySubject(await this.subject(), this.twin.endpoint, this.twin.token);
  }

  /** The names of the checks that failed, each with its concern. */
  async red(): Promise<string[]> {
    return (await this.verify()).filter(({ ok }) => !ok).map(({ concern, name }) => `${concern}: ${name}`);
  }

  /** After a command of queuehost's own has made another server. */
  forget(): void {
    this.known = undefined;
  }

  subject(): Promise<Subject> {
    this.known ??= this.pulumi.outputs().then(({ verification }) => verification as Subject);
    return this.known;
  }

  /** Runs a command on the server as root and returns what it printed. */
  async onServer(command: string): Promise<string> {
    const { host, user, privateKey, hostKey } = await this.subject();
    const { exitCode, stdout, stderr } = await runOverSsh(
      { host, user, privateKey, hostKey },
      { command: "sudo -n bash -s", stdin: `set -eu\n${command}\n`, timeoutMs: 120_000 },
    );
    if (exitCode !== 0) throw new Error(`on the server, exit code ${exitCode}: ${command}\n${stdout}${stderr}`);
    return stdout.trim();
  }

  /** A request to the twin's API. */
  async api<T>(path: string, method = "GET", body?: unknown): Promise<T> {
    const response = await fetch(`${this.twin.endpoint}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.rehearsal.token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** The state file, as it lies on the disk. */
  stateFile(): string {
    return readFileSync(join(this.rehearsal.backend, ".pulumi/stacks/queuehost", `${this.pulumi.stack}.json`), "utf8");
  }
}

/** Reads the engine's JSON events, a line each. */
function stepsOf(output: string): Steps {
  return output.split("\n").flatMap((line) => {
    const event = line.startsWith("{") ? JSON.parse(line) : {};
    const { op, urn } = event.resourcePreEvent?.metadata ?? {};
    return op === undefined || op === "same" ? [] : [`${op} ${urn.split("::").at(-1)}`];
  });
}

/** What the engine says went wrong; without that, the end of all that it said. */
function errorsOf(output: string): string {
  const said = output.split("\n").flatMap((line) => {
    const { severity, message } = (line.startsWith("{") ? JSON.parse(line) : {}).diagnosticEvent ?? {};
    return severity === "error" || severity === "info#err" ? [message] : [];
  });
  return said.join("") || output.slice(-4_000);
}
