import { randomBytes } from "node:crypto";
import { runOverSsh, SshError } from "../engine/command-provider";
import { UserError } from "../lib/errors";
import type { Subject } from "../verification/check";
import { quote } from "../verification/script";
import { type HeldRelease, parseHeld } from "./held";

const PROGRAM = "/opt/queuehost/app/replay.sh";
const TIMEOUT_MS = 120_000;

/** What a server holds for replay, and its notes on what was run again. */
export class ReplayServer {
  /** Tells this run from others. */
  private readonly run = randomBytes(4).toString("hex");

  constructor(
    private readonly subject: Subject,
    private readonly who: string,
  ) {}

  async held(): Promise<HeldRelease[]> {
    return parseHeld(await this.call("list"));
  }

  /** @throws UserError while another replay of the release is at it */
  async begin(release: string, lines: readonly number[]): Promise<void> {
    await this.call(["begin", release, this.run, this.who], lines);
  }

  async done(release: string, lines: readonly number[]): Promise<void> {
    if (lines.length > 0) await this.call(["done", release, this.run, this.who], lines);
  }

  private async call(args: string | readonly string[], lines: readonly number[] = []): Promise<string> {
    const { host, user, privateKey, hostKey } = this.subject;
    const command = `sudo -n sh ${[PROGRAM, ...[args].flat()].map(quote).join(" ")}`;
    const stdin = lines.map((line) => `${line}\n`).join("");
    try {
      const { exitCode, stdout, stderr } = await runOverSsh(
        { host, user, privateKey, hostKey, dialErrorLimit: 1, perDialTimeout: 5 },
        { command, stdin, timeoutMs: TIMEOUT_MS },
      );
      if (exitCode === 0) return stdout;
      throw new UserError(stderr.trim().replace(/^queuehost: /gm, "") || `the server ended it with ${exitCode}`);
    } catch (error) {
      if (error instanceof SshError) throw new UserError(`The server can't be asked: ${error.message}`);
      throw error;
    }
  }
}
