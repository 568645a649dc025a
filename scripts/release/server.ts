import { runOverSsh, type SshConnection, SshError } from "../engine/command-provider";
import { UserError } from "../lib/errors";
import { unlessInterrupted } from "../lib/interrupt";
import { typed } from "../lib/places";
import type { Pulumi } from "../lib/pulumi";
import type { Subject } from "../verification/check";
import { quote } from "../verification/script";
import { type Kept, parseReleases, parseStatus, type Status } from "./records";

/** What changes releases on the server. */
const PROGRAM = "/opt/queuehost/app/release";
/** Exit code of our own: a server that an earlier version brought up hasn't got that program yet. */
const ABSENT = 69;
/** A release has half a minute to become healthy, and the side before it up to an hour (stopTimeout) to finish its jobs. */
const TIMEOUT_MS = 3_700_000;

export type Verb = "list" | "switch" | "restart" | "allow" | "lock" | "unlock" | "maintenance" | "status";

/** The server can't be reached, or has no such program: nothing that it refused. */
export class NotAsked extends UserError {
  override readonly name = "NotAsked";
  constructor(
    message: string,
    /** The server was reached, and has no such program. */
    readonly absent = false,
  ) {
    super(message);
  }
}

/** Stands between the answers of several verbs. */
const MARK = "====";

/** What a server says of its releases. */
export interface Overview {
  readonly status: Status;
  /** The newest first. */
  readonly releases: readonly Kept[];
  readonly rest: string;
}

/** A stack's server, as the commands that change releases see it. */
export class ReleaseServer {
  constructor(
    readonly stack: string,
    readonly subject: Subject,
    /** The release that Pulumi's state says is in service. */
    readonly recorded: string,
  ) {}

  /**
   * Runs a verb as root, over one SSH connection. What changes something on the server is seen through there, whatever becomes
   * of this command.
   *
   * @returns what it printed
   * @throws NotAsked where the server can't be reached
   * @throws UserError with the server's own reason, where it refuses
   */
  ask(verb: Verb, ...args: readonly string[]): Promise<string> {
    return this.run([call(verb, ...args)]);
  }

  /**
   * What is in service and what is kept, over one SSH connection.
   *
   * @param script runs after that; what it prints is `rest`
   */
  async overview(script = ""): Promise<Overview> {
    const lines = [call("status"), `echo ${MARK}`, call("list"), `echo ${MARK}`, script];
    const [status = "", releases = "", rest = ""] = (await this.run(lines)).split(`${MARK}\n`);
    return { status: parseStatus(status), releases: parseReleases(releases), rest };
  }

  protected connection(): SshConnection {
    const { host, user, privateKey, hostKey } = this.subject;
    return { host, user, privateKey, hostKey };
  }

  /** Runs a script as root, over one SSH connection; it goes over stdin. */
  private async run(lines: readonly string[]): Promise<string> {
    const script = ["set -e", `[ -x ${PROGRAM} ] || exit ${ABSENT}`, ...lines, ""].join("\n");
    const ended = await unlessInterrupted(
      `Interrupted. What was under way on the server is finished there: ${typed("status", "--stack", this.stack)} says how.`,
      runOverSsh(
        { ...this.connection(), dialErrorLimit: 1, perDialTimeout: 5 },
        { command: "sudo -n sh -s", stdin: script, timeoutMs: TIMEOUT_MS },
      ),
    ).catch((error) => {
      throw error instanceof SshError ? new NotAsked(`The server can't be asked: ${error.message}`) : error;
    });
    if (ended.exitCode === 0) return ended.stdout;
    if (ended.exitCode === ABSENT)
      throw new NotAsked(
        `${this.subject.host} was brought up by an earlier version and can't do that yet. Bring it up to date: ${typed("up", "--stack", this.stack)}`,
        true,
      );
    const said = ended.stderr.trim().replace(/^queuehost: /gm, "");
    throw new UserError(said || `the server ended it with ${ended.exitCode ?? "a signal"} and gave no reason`);
  }
}

/** A verb as a line of a shell; what it starts must not read the rest of the script. */
const call = (verb: Verb, ...args: readonly string[]) => `${[PROGRAM, verb, ...args].map(quote).join(" ")} </dev/null`;

/**
 * The server of a stack; undefined where it has none.
 *
 * @throws UserError where there is no such stack
 */
export async function findServer(pulumi: Pulumi): Promise<ReleaseServer | undefined> {
  const { verification, releaseId } = await pulumi.outputs();
  if (verification === undefined) return undefined;
  return new ReleaseServer(pulumi.stack, verification as Subject, String(releaseId ?? ""));
}

/** @throws UserError where the stack has no server, or isn't there at all */
export async function serverOf(pulumi: Pulumi): Promise<ReleaseServer> {
  const server = await findServer(pulumi);
  if (server !== undefined) return server;
  throw new UserError(
    `Stack ${pulumi.stack} has no server. Bring it up first: ${typed("up", "--stack", pulumi.stack)}`,
  );
}
