import { type Finished, type Session, SshError, withSsh } from "../engine/command-provider";
import { UserError } from "../lib/errors";
import { unlessInterrupted } from "../lib/interrupt";
import { typed } from "../lib/places";
import { Pulumi } from "../lib/pulumi";
import { NotAsked, serverOf } from "../release/server";
import type { Subject } from "../verification/check";
import { quote } from "../verification/script";

/** What makes and restores backups on the server. */
const FOLDER = "/opt/queuehost/backups";
/** Exit code of our own: a server that an earlier version brought up hasn't got those programs yet. */
const ABSENT = 69;
/** A restore of many gigabytes takes its time; nothing is to be gained by leaving it alone. */
const TIMEOUT_MS = 2 * 3600 * 1000;

/** A stack's server, as the commands for backups see it. */
export class BackupServer {
  constructor(
    readonly stack: string,
    readonly subject: Subject,
  ) {}

  /** The backups that there are, as `parseBackups` reads them. */
  list(): Promise<string> {
    return this.run("backups.sh", ["list"]);
  }

  /** Makes one now, and proves it. Gives its id. */
  async now(who: string): Promise<string> {
    return (await this.run("backups.sh", ["now", who])).trim();
  }

  /** Waits until the newest one is at `backups.to` as well. Gives its id. */
  async ship(who: string): Promise<string> {
    return (await this.run("backups.sh", ["ship", who])).trim();
  }

  /** Brings one from `backups.to` to the server, where it isn't there yet. */
  async fetch(id: string): Promise<void> {
    await this.run("backups.sh", ["fetch", id]);
  }

  /**
   * Deletes what has had its time at `backups.to`, or says what that would be, as `parseGone` reads it.
   *
   * @param keys of S3 that may delete there: id and secret, a line each; without them, the server's own
   */
  prune(how: "dry" | "now", who: string, keys = ""): Promise<string> {
    return this.run("backups.sh", ["prune", how, who], undefined, keys);
  }

  /** Stops the application for good, and makes a backup of what it leaves. Gives its id. */
  async last(who: string): Promise<string> {
    return (await this.run("last.sh", ["take", who])).trim();
  }

  /** Starts the application again after `last`. */
  async undoLast(who: string): Promise<void> {
    await this.run("last.sh", ["undo", who]);
  }

  /** What there is now and what is in the backup, as `parsePlan` reads it. */
  plan(id: string, what: readonly string[]): Promise<string> {
    return this.run("restore.sh", ["plan", id, what.join(" ")]);
  }

  /** Restores one; it is seen through on the server, whatever becomes of this command. */
  restore(id: string, what: readonly string[], who: string, onLine: (line: string) => void): Promise<string> {
    return this.run("restore.sh", ["run", id, what.join(" "), who], onLine);
  }

  /** Brings the old data back that a restore which was killed has left aside. */
  undo(who: string, onLine: (line: string) => void): Promise<string> {
    return this.run("restore.sh", ["undo", who], onLine);
  }

  /** Sends a backup as a tar to a local file, or takes one from there; never holds it whole. Gives what else it printed. */
  async transfer(verb: "export" | "import", args: readonly string[], file: string): Promise<string> {
    const files = verb === "export" ? { stdout: file } : { stdin: file };
    // Nothing on the server has to be seen through here.
    const stop = new AbortController();
    const end = () => stop.abort();
    process.on("SIGINT", end).on("SIGTERM", end);
    try {
      return await this.ended(
        `Interrupted: the backup wasn't ${verb === "export" ? "fetched" : "sent"} as a whole. Nothing was changed.`,
        (session) => session.run(`sudo -n sh -c ${quote(call("exec", "backups.sh", [verb, ...args]))}`, { files }),
        stop.signal,
      );
    } finally {
      process.off("SIGINT", end).off("SIGTERM", end);
    }
  }

  /**
   * @param onLine gets each line of stdout as it comes
   * @param input for stdin
   * @throws UserError with the server's own reason, where it refuses or can't be reached
   */
  private run(program: string, args: readonly string[], onLine?: (line: string) => void, input = ""): Promise<string> {
    const lines = new Lines(onLine);
    return this.ended(
      `Interrupted. What was under way on the server is finished there: ${typed("backups", "--stack", this.stack)} says what there is.`,
      (session) =>
        session.run("sudo -n sh -s", {
          stdin: `${call("", program, args)} <<'${END}'\n${input}${END}\n`,
          onOutput: (stream, text) => stream === "stdout" && lines.take(text),
        }),
    );
  }

  /** @param stop ends it before its time */
  private async ended(
    interrupted: string,
    use: (session: Session) => Promise<Finished>,
    stop?: AbortSignal,
  ): Promise<string> {
    const { host, user, privateKey, hostKey } = this.subject;
    const connection = { host, user, privateKey, hostKey, dialErrorLimit: 1, perDialTimeout: 5 };
    const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(stop === undefined ? [] : [stop])]);
    const ended = await unlessInterrupted(interrupted, withSsh(connection, use, { signal })).catch((error) => {
      throw error instanceof SshError ? new NotAsked(`The server can't be asked: ${error.message}`) : error;
    });
    if (ended.code === 0) return ended.stdout;
    if (ended.code === ABSENT)
      throw new UserError(
        `${host} was brought up by an earlier version and can't do that yet. Bring it up to date: ${typed("up", "--stack", this.stack)}`,
      );
    const said = ended.stderr.trim().replace(/^queuehost: /gm, "");
    throw new UserError(said || `the server ended it with ${ended.code ?? "a signal"} and gave no reason`);
  }
}

/** @throws UserError where the stack has no server */
export async function backupsOf(stack: string): Promise<BackupServer> {
  return new BackupServer(stack, (await serverOf(Pulumi.of(stack))).subject);
}

/** Ends what a program reads; no key or password is it. */
const END = "queuehost-end";

/** A program with its arguments, as lines of a shell. */
const call = (by: string, program: string, args: readonly string[]) =>
  `[ -f ${FOLDER}/${program} ] || exit ${ABSENT}\n${by} bash ${[`${FOLDER}/${program}`, ...args].map(quote).join(" ")}`;

/** Text as it comes, cut into lines. */
class Lines {
  private rest = "";
  constructor(private readonly onLine: ((line: string) => void) | undefined) {}
  take(text: string): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) this.onLine?.(line);
  }
}
