import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runOverSsh, SshError } from "../engine/command-provider";
import { UserError } from "../lib/errors";
import { unlessInterrupted } from "../lib/interrupt";
import type { Subject } from "../verification/check";
import { quote } from "../verification/script";
import type { Tally } from "./tally";

const ON_SERVER = readFileSync(join(__dirname, "on-server.sh"), "utf8");
const OUTCOME = readFileSync(join(__dirname, "outcome.lua"), "utf8");
/** Data of many gigabytes take their time. */
const TIMEOUT_MS = 2 * 3600 * 1000;

/** The machine of a rehearsal with data. */
export class RehearsalMachine {
  constructor(private readonly subject: Subject) {}

  /** A restored backup in the place of what there is, and no process of the application running. */
  async load(id: string, parts: readonly string[], who: string): Promise<void> {
    await this.run("load", id, parts.join(" "), who);
  }

  /** The release's migration on what was loaded. Gives its seconds; undefined where it has none. */
  async migrate(who: string): Promise<{ dump: number; migration: number } | undefined> {
    const took = timings(await this.run("migrate", who));
    const { dump, migration } = took;
    return dump === undefined || migration === undefined ? undefined : { dump, migration };
  }

  /** The application started on what was loaded; throws where it doesn't become healthy. */
  async serve(who: string): Promise<void> {
    await this.run("serve", who);
  }

  /** The release anew on the other side, by the way of a deployment: gate, switch, drain. Gives its seconds. */
  async switch(who: string): Promise<number> {
    return timings(await this.run("switch", who)).switch ?? 0;
  }

  /** The machine's own time, in milliseconds. */
  async time(): Promise<number> {
    return Number(await this.run("now"));
  }

  /** Looks at the queues once more. */
  async look(tally: Tally): Promise<void> {
    const lines = (await this.run("look", tally.asked)).split("\n").filter((line) => line !== "");
    for (const line of lines) tally.take(line);
  }

  /** @throws UserError with the reason that the machine gives */
  private async run(...words: readonly string[]): Promise<string> {
    const { host, user, privateKey, hostKey } = this.subject;
    const stdin = `set -- ${words.map(quote).join(" ")}\nOUTCOME=${quote(OUTCOME)}\n${ON_SERVER}`;
    const ended = await unlessInterrupted(
      "Interrupted.",
      runOverSsh({ host, user, privateKey, hostKey }, { command: "sudo -n bash -s", stdin, timeoutMs: TIMEOUT_MS }),
    ).catch((error) => {
      throw error instanceof SshError ? new UserError(`The machine can't be asked: ${error.message}`) : error;
    });
    if (ended.exitCode === 0) return ended.stdout;
    const said = /^queuehost: [\s\S]*/m.exec(ended.stderr)?.[0].replace(/^queuehost: /gm, "") ?? ended.stderr;
    throw new UserError(said.trim() || `the machine ended it with ${ended.exitCode ?? "a signal"} and gave no reason`);
  }
}

/** Lines of a name and milliseconds, as seconds by name. */
function timings(text: string): Readonly<Record<string, number>> {
  const lines = [...text.matchAll(/^(\w+)\t(\d+)$/gm)];
  return Object.fromEntries(lines.map(([, name = "", ms]) => [name, Number(ms) / 1000]));
}
