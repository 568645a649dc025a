import { SshError, withSsh } from "../engine/command-provider";
import { UserError } from "../lib/errors";
import { unlessInterrupted } from "../lib/interrupt";
import { typed } from "../lib/places";
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
    private readonly subject: Subject,
  ) {}

  /** The backups that there are, as `parseBackups` reads them. */
  list(): Promise<string> {
    return this.run("backups.sh", ["list"]);
  }

  /** Makes one now, and proves it. Gives its id. */
  async now(who: string): Promise<string> {
    return (await this.run("backups.sh", ["now", who])).trim();
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

  /**
   * @param onLine gets each line of stdout as it comes
   * @throws UserError with the server's own reason, where it refuses or can't be reached
   */
  private async run(program: string, args: readonly string[], onLine?: (line: string) => void): Promise<string> {
    const { host, user, privateKey, hostKey } = this.subject;
    const command = ["bash", `${FOLDER}/${program}`, ...args].map(quote).join(" ");
    const script = `[ -f ${FOLDER}/${program} ] || exit ${ABSENT}\n${command} </dev/null\n`;
    const lines = new Lines(onLine);
    const ended = await unlessInterrupted(
      `Interrupted. What was under way on the server is finished there: ${typed("backups", "--stack", this.stack)} says what there is.`,
      withSsh(
        { host, user, privateKey, hostKey, dialErrorLimit: 1, perDialTimeout: 5 },
        (session) =>
          session.run("sudo -n sh -s", {
            stdin: script,
            onOutput: (stream, text) => stream === "stdout" && lines.take(text),
          }),
        { signal: AbortSignal.timeout(TIMEOUT_MS) },
      ),
    ).catch((error) => {
      throw error instanceof SshError ? new UserError(`The server can't be asked: ${error.message}`) : error;
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
