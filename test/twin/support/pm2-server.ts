import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { AppSettings } from "../../../infra/bundles/app";
import { pm2Bundle } from "../../../infra/bundles/pm2";
import { type PackedPm2, packPm2 } from "../../../infra/release";
import { parse } from "../../../scripts/verification/rows";
import { waitFor } from "../../support/wait-for";
import { AppServer, processOf } from "./app-server";
import type { TinyRelease } from "./tiny-app";
import type { TestTwin } from "./twin";

const run = promisify(execFile);
const HOST = join(__dirname, "../../../host");

/** Two backends, and a worker for each of two groups of queues. */
export const PROCESSES: AppSettings["processes"] = [
  processOf("backend", "node backend.js", { instances: 2 }),
  processOf("worker-mail", "cd . && node worker.js", { queues: ["high", "low"], concurrency: 3 }),
  processOf("worker-files", "node worker.js"),
];

/** A machine that has PM2, as the engine would bring it there. */
export class Pm2Server {
  private constructor(
    private readonly twin: TestTwin,
    readonly app: AppServer,
    readonly pm2: PackedPm2,
  ) {}

  static async make(twin: TestTwin, name: string): Promise<Pm2Server> {
    const [app, pm2] = await Promise.all([AppServer.make(twin, name), packPm2(twin.stateDir)]);
    await app.run("echo 'deploy ALL=(ALL:ALL) NOPASSWD: ALL' | install -m 440 /dev/stdin /etc/sudoers.d/deploy");
    return new Pm2Server(twin, app, pm2);
  }

  run(command: string): Promise<string> {
    return this.app.run(command);
  }

  /** Uploads PM2. */
  async upload(): Promise<void> {
    const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"];
    const to = `root@${this.app.ip}:/srv/tiny/incoming/pm2-${this.pm2.id}.tgz`;
    await run("scp", ["-i", this.twin.keyFile, ...options.flatMap((option) => ["-o", option]), this.pm2.file, to]);
  }

  /** Installs it; or has it taken away. */
  install(wanted = true): Promise<string> {
    return this.app.apply(pm2Bundle({ name: "tiny", ...(wanted && { pm2: this.pm2 }) }));
  }

  deploy(release: TinyRelease, changes: Partial<AppSettings> = {}): Promise<string> {
    const common = { manager: "pm2", pm2: this.pm2, processes: PROCESSES, healthTimeoutSec: 60 } as const;
    return this.app.deploy(release, { ...common, ...changes });
  }

  /** A command as the user deploy types it, in the own folder, with what it prints to either. */
  asDeploy(command: string): Promise<string> {
    const text = Buffer.from(command).toString("base64");
    return this.run(`echo ${text} | base64 -d >/home/deploy/command; cd /home/deploy; su deploy -c '. ./command' 2>&1`);
  }

  /** What the daemon of a side has noted, `tiny-backend@a1 online 0`: instance, state, restarts; once all are online. */
  async noted(side: string): Promise<string[]> {
    const look = async () =>
      (await this.run(`cut -f 1,3,5 /run/tiny-pm2-${side}/status.tsv`)).replaceAll("\t", " ").split("\n").sort();
    return waitFor("all of PM2's processes", async () => {
      const seen = await look();
      return seen.length === 4 && seen.every((line) => line.includes(" online ")) ? seen : undefined;
    });
  }

  /** The process ids of a side, by instance. */
  async pids(side: string): Promise<Record<string, number>> {
    const rows = (await this.run(`cut -f 1,4 /run/tiny-pm2-${side}/status.tsv`)).split("\n");
    return Object.fromEntries(rows.map((row) => row.split("\t")).map(([instance, pid]) => [instance, Number(pid)]));
  }

  /** The names of the checks of host/pm2/verify.sh that failed; with what they saw, on request. */
  async red(manager: AppSettings["manager"] = "pm2", seen = false): Promise<string[]> {
    const script = ["lib-verify.sh", "pm2/verify.sh"].map((file) => readFileSync(join(HOST, file), "utf8")).join("\n");
    const text = Buffer.from(script).toString("base64");
    const output = await this.run(`echo ${text} | base64 -d | APP_NAME=tiny APP_MANAGER=${manager} bash`);
    const rows = output.split("\n").map((row) => `pm2\t${row}`);
    const red = parse(rows.join("\n")).filter(({ ok }) => !ok);
    return red.map((check) => (seen ? `${check.name}: ${check.seen}` : check.name));
  }
}
