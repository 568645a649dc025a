import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "../../../support/wait-for";

const app = join(__dirname, "..", "..", "..", "..", "app");

/** Builds the artefact into a folder; throws with what the build printed when it fails. */
export function build(folder: string): void {
  execFileSync(process.execPath, [join(app, "build.cjs"), folder], { encoding: "utf8", stdio: "pipe" });
}

/** A built release as it lies on a server: far from any node_modules, under the name of its digest. */
export class Release {
  readonly id = "0123456789ab";
  private readonly root = mkdtempSync(join(tmpdir(), "queuehost-release-"));
  readonly state = join(this.root, "state");
  readonly folder = join(this.root, "releases", this.id);
  private readonly running: AppProcess[] = [];

  constructor() {
    build(this.folder);
  }

  /** Starts one of its processes as on a server: from its root, with nothing in its environment but what is given. */
  start(part: "backend" | "worker" | "smoke", env: Record<string, string | number>): AppProcess {
    const strings = Object.fromEntries(Object.entries(env).map(([key, value]) => [key, String(value)]));
    const process = new AppProcess(this.folder, `${part}/main.cjs`, { STATE_DIR: this.state, ...strings });
    this.running.push(process);
    return process;
  }

  async remove(): Promise<void> {
    for (const process of this.running) await process.stop("SIGKILL");
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** A process of the application and everything that it has said. */
export class AppProcess {
  readonly lines: string[] = [];
  private readonly child: ChildProcess;
  private readonly exited: Promise<number | null>;

  constructor(cwd: string, entry: string, env: Record<string, string>) {
    this.child = spawn(process.execPath, [entry], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    this.exited = new Promise((resolve) => this.child.once("exit", (code) => resolve(code)));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => this.lines.push(...text.trimEnd().split("\n")));
    }
  }

  /** Waits for a line that starts with the text. */
  async says(text: string, seconds = 10): Promise<string> {
    const found = () => this.lines.find((line) => line.startsWith(text));
    return await waitFor(`a line that starts with: ${text}`, found, seconds).catch((error: Error) => {
      throw new Error(`${error.message}; it said:\n${this.lines.join("\n")}`);
    });
  }

  /** @returns the exit code; null when a signal ended it. */
  async stop(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    return await this.exited;
  }

  async exitCode(): Promise<number | null> {
    return await this.exited;
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }
}
