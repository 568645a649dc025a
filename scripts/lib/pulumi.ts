import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { Home } from "../engine/home";
import { UserError } from "./errors";
import { REHEARSAL, Rehearsal, ROOT } from "./rehearsal";
import { type Ended, run } from "./run";

/** See `run`: onLine and onChild. */
type Watch = [onLine?: (line: string) => void, onChild?: (child: ChildProcess) => void];

/** The pinned command line of Pulumi, on one stack of this project. */
export class Pulumi {
  /**
   * @param stack the stack's name
   * @param environment where its state is and what protects its secrets, beyond what the environment says
   */
  constructor(
    readonly stack: string,
    private readonly environment: Readonly<Record<string, string>>,
  ) {}

  /** The stack `rehearsal` brings its own backend and passphrase; any other uses those of the environment. */
  static of(stack: string): Pulumi {
    return new Pulumi(stack, stack === REHEARSAL ? new Rehearsal().environment : {});
  }

  /**
   * Runs a command on the stack.
   *
   * @param input goes to its stdin, so that no secret stands in argv
   */
  run(args: readonly string[], input = "", ...watch: Watch): Promise<Ended> {
    const bin = join(ROOT, "node_modules/.bin");
    const home = new Home();
    // The npm wrapper downloads what is missing, but dies of a Ctrl-C without waiting for what it started.
    const own = home.path(home.bin, "pulumi");
    return run(
      existsSync(own) ? own : join(bin, "pulumi"),
      [...args, "--stack", this.stack, "--non-interactive"],
      {
        cwd: ROOT,
        env: { ...this.environment, PATH: [home.path(home.bin), bin, process.env.PATH].join(delimiter) },
        stdin: { string: input },
        // A process group of its own, where somebody watches over it: see `interruptible`.
        detached: watch[1] !== undefined,
      },
      ...watch,
    );
  }

  /** Starts a command on the stack, for those who may have to end it. */
  start(
    args: readonly string[],
    onLine: (line: string) => void,
  ): Promise<{ child: ChildProcess; ended: Promise<Ended> }> {
    return new Promise((started, failed) => {
      const ended = this.run(args, "", onLine, (child) => started({ child, ended }));
      ended.catch(failed);
    });
  }

  /** Runs a command to its end and returns its stdout. Its own message is the error. */
  async read(args: readonly string[], input?: string): Promise<string> {
    const { exitCode, stdout, output } = await this.run(args, input);
    if (exitCode !== 0)
      throw new UserError(`pulumi ${args.slice(0, 3).join(" ")} failed for stack ${this.stack}:\n${output}`);
    return stdout;
  }

  /** Sets configuration values in one go; the secret ones travel over stdin. */
  async configure(plain: Record<string, string>, secrets: Record<string, string>): Promise<void> {
    const values = Object.entries(plain).flatMap(([key, value]) => ["--plaintext", `${key}=${value}`]);
    if (values.length > 0) await this.read(["config", "set-all", ...values]);
    for (const [key, value] of Object.entries(secrets)) await this.read(["config", "set", "--secret", key], value);
  }

  async exists(): Promise<boolean> {
    return (await this.run(["stack", "export"])).exitCode === 0;
  }

  /** The stack's outputs, secrets included. */
  async outputs(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.read(["stack", "output", "--json", "--show-secrets"]));
  }

  /** One configuration value, decrypted; undefined where it isn't set. */
  async config(key: string): Promise<string | undefined> {
    const { exitCode, stdout } = await this.run(["config", "get", key]);
    return exitCode === 0 ? stdout.trim() : undefined;
  }
}
