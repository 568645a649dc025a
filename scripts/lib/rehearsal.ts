import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "./places";

/** The stack that `npm start` brings up on the twin. */
export const REHEARSAL = "rehearsal";
/** The stack of a rehearsal with another stack's data. */
export const DATA_REHEARSAL = "rehearsal-data";

/** Where the rehearsal keeps all that is its own: nothing of it is shared with another clone, and `npm stop` can delete it. */
export class Rehearsal {
  readonly twinState: string;
  readonly backend: string;
  readonly sshKey: string;
  readonly upLog: string;
  readonly envFile: string;

  constructor(readonly folder: string = process.env.QUEUEHOST_REHEARSAL ?? join(PROJECT, ".rehearsal")) {
    this.twinState = join(folder, "twin");
    this.backend = join(folder, "state");
    this.sshKey = join(folder, "id_ed25519");
    this.upLog = join(folder, "up.log");
    this.envFile = join(folder, "env");
  }

  /** That of a rehearsal with data, beside this one: they may run at the same time. */
  get withData(): Rehearsal {
    return new Rehearsal(`${this.folder}-data`);
  }

  get exists(): boolean {
    return existsSync(this.folder);
  }

  create(): void {
    mkdirSync(this.backend, { recursive: true, mode: 0o700 });
    // Whatever the project's own .gitignore says.
    writeFileSync(join(this.folder, ".gitignore"), "*\n");
  }

  delete(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Protects the stack's secrets; made once. */
  get passphrase(): string {
    return this.kept("passphrase", () => randomBytes(24).toString("hex"));
  }

  /** The twin's API token; 64 characters, as Hetzner's are. */
  get token(): string {
    return this.kept("token", () => randomBytes(32).toString("hex"));
  }

  /** What makes plain `pulumi` work on this stack. */
  get environment() {
    return {
      PULUMI_BACKEND_URL: `file://${this.backend}`,
      PULUMI_CONFIG_PASSPHRASE: this.passphrase,
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
  }

  /** Writes the environment to a file that a shell can read: `. .rehearsal/env`. */
  writeEnvironment(): void {
    const lines = Object.entries(this.environment).map(([key, value]) => `export ${key}='${value}'`);
    writeFileSync(this.envFile, `${lines.join("\n")}\n`, { mode: 0o600 });
  }

  /** The stack whose configuration is rehearsed; undefined for the reference application's. */
  get rehearsed(): string | undefined {
    const file = join(this.folder, "stack");
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  }

  keepRehearsed(stack: string): void {
    writeFileSync(join(this.folder, "stack"), stack);
  }

  /** What stands in place of that stack's values, by their keys without a namespace. */
  get replaced(): Record<string, string> {
    const file = join(this.folder, "replaced.json");
    return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  }

  keepReplaced(values: Readonly<Record<string, string>>): void {
    writeFileSync(join(this.folder, "replaced.json"), JSON.stringify(values), { mode: 0o600 });
  }

  /** The port of the twin's API, as it was chosen last; undefined before the first time. */
  get port(): number | undefined {
    const file = join(this.folder, "port");
    return existsSync(file) ? Number(readFileSync(file, "utf8")) : undefined;
  }

  keepPort(port: number): void {
    writeFileSync(join(this.folder, "port"), String(port));
  }

  private kept(name: string, make: () => string): string {
    const file = join(this.folder, name);
    if (!existsSync(file)) {
      this.create();
      writeFileSync(file, make(), { mode: 0o600, flag: "wx" });
    }
    return readFileSync(file, "utf8");
  }
}
