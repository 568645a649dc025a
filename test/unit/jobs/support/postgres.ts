import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { waitFor } from "../../../support/wait-for";

/** Where Debian keeps the programs of PostgreSQL: one folder per version. */
const VERSIONS = "/usr/lib/postgresql";
const folders = existsSync(VERSIONS) ? readdirSync(VERSIONS).map((version) => join(VERSIONS, version, "bin")) : [];
const programs = folders.find((folder) => existsSync(join(folder, "initdb")));

/** For `describe.skipIf`, and part of the name: a skipped test says why. */
export const postgres = {
  missing: programs === undefined,
  note: programs === undefined ? " (skipped: no PostgreSQL on this machine)" : "",
};

/** A real PostgreSQL of one test file: its own processes and folder, on a socket in that folder. */
export class PostgresServer {
  private process: ChildProcess | undefined;
  private databases = 0;

  private constructor(
    private readonly folder: string,
    private readonly owner: Owner,
    private readonly flushes: boolean,
  ) {}

  /** @param flushes whether a commit waits for the disk; default false: a killed server loses nothing either way */
  static async start({ flushes = false } = {}): Promise<PostgresServer> {
    const owner = whoMayRunIt();
    const folder = mkdtempSync(join(tmpdir(), "queuehost-pg-"));
    const server = new PostgresServer(folder, owner, flushes);
    if (owner.uid !== undefined && owner.gid !== undefined) chownSync(folder, owner.uid, owner.gid);
    const flags = ["-D", join(folder, "data"), "-U", "app", "-A", "trust", "-E", "UTF8", "--no-sync"];
    const { status, stderr } = spawnSync(program("initdb"), flags, { ...owner, cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Error(`initdb: ${stderr}`);
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    const args = ["-D", join(this.folder, "data"), "-k", this.folder, "-c", "listen_addresses="];
    if (!this.flushes) args.push("-F");
    this.process = spawn(program("postgres"), args, { ...this.owner, cwd: this.folder, stdio: "ignore" });
    await waitFor("PostgreSQL answers", () => this.query("select 1"), 30);
  }

  /** DATABASE_URL in the form of the server's; `postgres` is there from the start. */
  url(database = "postgres"): string {
    return `postgresql://app@localhost/${database}?host=${this.folder}`;
  }

  /** @returns DATABASE_URL of a new, empty database */
  async newDatabase(): Promise<string> {
    this.databases += 1;
    const name = `test_${this.databases}`;
    await this.query(`create database ${name}`);
    return this.url(name);
  }

  /** Sends one command, as the operator would. */
  async query(sql: string, database = "postgres"): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: this.url(database) });
    client.on("error", () => {});
    await client.connect();
    return await client
      .query(sql)
      .then(({ rows }) => rows)
      .finally(() => client.end());
  }

  /** Ends it as a crash does: connections are cut, and the next start recovers from the log. */
  async kill(): Promise<void> {
    const { process } = this;
    this.thaw();
    this.process = undefined;
    if (!process || process.exitCode !== null) return;
    const gone = new Promise((resolve) => process.once("exit", resolve));
    process.kill("SIGQUIT");
    await gone;
  }

  /** Stops it from answering, while its socket stays open. */
  freeze(): void {
    this.signal("SIGSTOP");
  }

  thaw(): void {
    this.signal("SIGCONT");
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** To the postmaster and to the process of each connection, which are in groups of their own. */
  private signal(signal: "SIGSTOP" | "SIGCONT"): void {
    const pid = this.process?.pid;
    if (pid === undefined) return;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    for (const each of [pid, ...children.split(" ").filter(Boolean).map(Number)]) {
      try {
        process.kill(each, signal);
      } catch {
        // A connection that has ended meanwhile.
      }
    }
  }
}

interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

/** PostgreSQL refuses to run as root. */
function whoMayRunIt(): Owner {
  if (process.getuid?.() !== 0) return {};
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => /^(postgres|nobody):/.test(entry));
  const [, , uid, gid] = line?.split(":") ?? [];
  if (uid === undefined || gid === undefined) throw new Error("root needs a user postgres or nobody to run PostgreSQL");
  return { uid: Number(uid), gid: Number(gid) };
}

function program(name: string): string {
  if (programs === undefined) throw new Error("no PostgreSQL on this machine");
  return join(programs, name);
}
