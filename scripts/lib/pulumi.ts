import type { ChildProcess } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import { closestMatch } from "leven";
import { ownFolder } from "../../infra/config/own-folder";
import { Home } from "../engine/home";
import { localBackend } from "./backend";
import { bundled } from "./config-values";
import { UserError } from "./errors";
import { Interrupted, interruptible, unlessInterrupted } from "./interrupt";
import { BINS, PROJECT, typed } from "./places";
import { REHEARSAL, Rehearsal } from "./rehearsal";
import { type Ended, run } from "./run";

/** See `run`: onLine and onChild. */
type Watch = [onLine?: (line: string) => void, onChild?: (child: ChildProcess) => void];

/** What a stack's file says, by the keys with their namespace. */
export type Configured = ReadonlyMap<string, { readonly value: string; readonly secret: boolean }>;

/** Whether pulumi says that there is no such stack; any other refusal says nothing about that. */
export const isMissing = (output: string): boolean => output.includes("no stack named");

/** The part of the engine's output that says what went wrong. */
export function diagnostics(output: string): string {
  const start = output.indexOf("Diagnostics:");
  return (start < 0 ? output : output.slice(start)).trim().split("\n").slice(0, 40).join("\n");
}

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

  /** The stack `rehearsal` brings its own backend and passphrase; any other uses the project's or those of the environment. */
  static of(stack: string): Pulumi {
    return new Pulumi(stack, stack === REHEARSAL ? new Rehearsal().environment : localBackend());
  }

  /**
   * Runs a command on the stack.
   *
   * @param input goes to its stdin, so that no secret stands in argv
   */
  run(args: readonly string[], input = "", ...watch: Watch): Promise<Ended> {
    const { file, cwd, env } = this.program();
    return run(
      file,
      [...args, "--stack", this.stack, "--non-interactive"],
      {
        cwd,
        env,
        stdin: { string: input },
        // A process group of its own, where somebody watches over it: see `interruptible`.
        detached: watch[1] !== undefined,
      },
      ...watch,
    );
  }

  private program(): { file: string; cwd: string; env: Record<string, string> } {
    const home = new Home();
    // The npm wrapper downloads what is missing, but dies of a Ctrl-C without waiting for what it started.
    const own = home.path(home.bin, "pulumi");
    return {
      file: existsSync(own) ? own : "pulumi",
      cwd: PROJECT,
      env: { ...this.environment, PATH: [home.path(home.bin), ...BINS, process.env.PATH].join(delimiter) },
    };
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

  /**
   * Runs a command that speaks with the user by itself, at a terminal with its questions and colours.
   *
   * @param goesOn what to say after Ctrl-C
   * @param stdout where its output goes: 2 is stderr, for a command whose own output is JSON
   * @throws Interrupted after Ctrl-C, once the engine has ended properly
   */
  async attended(args: readonly string[], goesOn: string, stdout: "inherit" | 2 = "inherit"): Promise<Ended> {
    const attended = process.stdin.isTTY && process.stdout.isTTY;
    const { file, cwd, env } = this.program();
    const { child, ended } = await new Promise<{ child: ChildProcess; ended: Promise<Ended> }>((started, failed) => {
      const ended = run(
        file,
        [...args, "--stack", this.stack, ...(attended ? [] : ["--non-interactive"])],
        { cwd, env, stdio: [attended ? "inherit" : "ignore", stdout, "inherit"], detached: !attended },
        undefined,
        (child) => started({ child, ended }),
      );
      // Where it can't be started there is no child.
      ended.then(({ output }) => failed(new UserError(output)), failed);
    });
    if (await interruptible(child, ended, () => {}, attended)) throw new Interrupted(`Interrupted. ${goesOn}`);
    return ended;
  }

  /** Runs a command to its end and returns its stdout. Its own message is the error. */
  async read(args: readonly string[], input?: string): Promise<string> {
    const { exitCode, stdout, output } = await this.run(args, input);
    if (exitCode === 0) return stdout;
    if (isMissing(output)) throw await this.missing();
    throw new UserError(`pulumi ${args.slice(0, 3).join(" ")} failed for stack ${this.stack}:\n${output}`);
  }

  /** What to say where there is no such stack: the name that was meant, if one is close to it. */
  async missing(): Promise<UserError> {
    const { file, cwd, env } = this.program();
    const { exitCode, stdout } = await run(file, ["stack", "ls", "--json", "--non-interactive"], { cwd, env });
    const names: string[] = exitCode === 0 ? JSON.parse(stdout).map(({ name }: { name: string }) => name) : [];
    const close = closestMatch(this.stack, names, { maxDistance: 4 });
    const others =
      names.length === 0 ? "There is none yet" : `There ${names.length === 1 ? "is" : "are"} ${names.join(", ")}`;
    return new UserError(
      `--stack: there is no stack ${this.stack} here. ${close === undefined ? others : `Did you mean ${close}? ${others}`}. Make it: ${typed("init", "PATH", "--stack", this.stack)}`,
    );
  }

  /** The stack's file of configuration. */
  get configFile(): string {
    return join(PROJECT, `Pulumi.${this.stack.split("/").at(-1)}.yaml`);
  }

  /**
   * Sets configuration values, all of them or none: the file is put in place in one step, however this ends.
   *
   * @throws Interrupted after Ctrl-C; nothing was written then
   */
  async configure(plain: Readonly<Record<string, string>>, secrets: Readonly<Record<string, string>>): Promise<void> {
    await this.drafted(async (draft) => {
      await unlessInterrupted("Interrupted. Nothing was written.", this.writeConfig(draft, plain, secrets));
      renameSync(draft, this.configFile);
    });
  }

  /** Takes a key, with its namespace, out of the stack's file; as `configure`, in one step. */
  async unset(key: string): Promise<void> {
    await this.without(key, async (draft) => renameSync(draft, this.configFile));
  }

  /**
   * Does something with a copy of the stack's file in which a key isn't set.
   *
   * @param use gets its path, for `--config-file`
   */
  async without<T>(key: string, use: (file: string) => Promise<T>): Promise<T> {
    return this.drafted(async (draft) => {
      const removed = this.read(["config", "rm", "--config-file", draft, key]);
      await unlessInterrupted("Interrupted. Nothing was written.", removed);
      return use(draft);
    });
  }

  /** Gives a copy of the stack's file for as long as `use` takes. */
  private async drafted<T>(use: (draft: string) => Promise<T>): Promise<T> {
    const draft = join(ownFolder(PROJECT), `${process.pid}-${basename(this.configFile)}`);
    try {
      if (existsSync(this.configFile)) copyFileSync(this.configFile, draft);
      return await use(draft);
    } finally {
      rmSync(draft, { force: true });
    }
  }

  /**
   * The values travel in the environment, where nobody else sees them: argv is everybody's to read, and over stdin each secret
   * would take a start of the command line of its own. Only one that is too long for the environment goes that way.
   */
  private async writeConfig(
    file: string,
    plain: Readonly<Record<string, string>>,
    secrets: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { bundles, single } = bundled([
      ...Object.entries(plain).map(([key, value]) => ({ key, value, secret: false })),
      ...Object.entries(secrets).map(([key, value]) => ({ key, value, secret: true })),
    ]);
    for (const json of bundles)
      await this.with({ PULUMI_OPTION_JSON: json }).read(["config", "set-all", "--config-file", file]);
    for (const { key, value, secret } of single)
      await this.read(
        ["config", "set", secret ? "--secret" : "--plaintext", "--config-file", file, key],
        // It takes one line break off the end.
        `${value}\n`,
      );
  }

  /** The keys that the stack's file sets, with their namespace. */
  get keys(): string[] {
    const text = existsSync(this.configFile) ? readFileSync(this.configFile, "utf8") : "";
    return [...text.matchAll(/^ +["']?([\w-]+:[\w.-]+)["']?:/gm)].map(([, name = ""]) => name);
  }

  /** The stack's present configuration, decrypted: what its file says, without the defaults of Pulumi.yaml. */
  async configured(): Promise<Configured> {
    const values: Record<string, { value?: string; secret?: boolean }> = JSON.parse(
      await this.read(["config", "--json", "--show-secrets"]),
    );
    return new Map(
      this.keys.flatMap((name) => {
        const { value = "", secret = false } = values[name] ?? {};
        return name in values ? [[name, { value, secret }]] : [];
      }),
    );
  }

  /** @throws UserError where that can't be said, such as for a backend that doesn't answer */
  async exists(): Promise<boolean> {
    const { exitCode, output } = await this.run(["stack", "export"]);
    if (exitCode === 0) return true;
    if (isMissing(output)) return false;
    throw new UserError(`The state of stack ${this.stack} can't be read. Nothing was changed.\n${output.trim()}`);
  }

  /** The same stack, with more in the environment of its commands. */
  with(environment: Readonly<Record<string, string>>): Pulumi {
    return new Pulumi(this.stack, { ...this.environment, ...environment });
  }

  /** Address of where the state is: `file://...`, `s3://...`, `https://...` for Pulumi Cloud. */
  async backend(): Promise<string> {
    const { file, cwd, env } = this.program();
    const { exitCode, stdout, output } = await run(file, ["whoami", "--verbose", "--json"], { cwd, env });
    if (exitCode !== 0)
      throw new UserError(`pulumi doesn't know where the state of stack ${this.stack} is:\n${output}`);
    return JSON.parse(stdout).url;
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
