import { Command } from "commander";
import { ensureEngine } from "../engine";
import { heal } from "../healing";
import { UserError } from "../lib/errors";
import { typed } from "../lib/places";
import { diagnostics, Pulumi } from "../lib/pulumi";
import { assertUnlocked, look, record } from "../release/agree";
import { buildFor } from "../release/built";
import { withoutHeld } from "../release/held";
import { assertWanted, send } from "../release/send";
import { serverOf } from "../release/server";
import { sourceWords } from "../release/source";
import { followWatch, isBad, isWatching, watchWords } from "../release/watch";
import { whoami } from "../release/who";
import { bytes } from "../release/words";

interface Options {
  readonly stack: string;
  readonly again?: boolean;
  readonly watch?: true;
  readonly dryRun?: true;
  readonly json?: true;
}

/** `queuehost deploy`: the application as it is here into service, without a request refused or a job lost. */
export const deploy = new Command("deploy")
  .description("build the application and bring it into service; a release that isn't healthy never gets there")
  .requiredOption("--stack <name>", "the stack")
  .option("--again", "also a release that was taken back before")
  .option("--watch", "wait for the watch's verdict on the server; exit code 1 where it takes the release back")
  .option("--dry-run", "say what would go and what would change, and change nothing")
  .option("--json", "print the result as JSON; all else goes to stderr")
  .action(async ({ stack, again = false, watch, dryRun, json }: Options) => {
    const say = json ? console.error : console.log;
    const pulumi = Pulumi.of(stack);
    const steps = new Steps();
    await ensureEngine();
    const [seen, who] = await Promise.all([steps.time("look", look(pulumi, say)), whoami()]);
    if (seen !== undefined && !dryRun) assertUnlocked(stack, seen.status);
    const [built] = await Promise.all([
      seen && steps.time("build", buildFor(pulumi, seen.server)),
      dryRun ? undefined : steps.time("heal", heal(pulumi, say)),
    ]);
    if (built !== undefined) say(`release ${built.id}, ${bytes(built.size)}, from ${sourceWords(built.source)}`);
    if (dryRun) {
      const changes = await preview(pulumi, json === true);
      if (json)
        console.log(
          JSON.stringify(
            {
              stack,
              dryRun: true,
              release: built?.id ?? null,
              bytes: built?.size ?? null,
              source: built?.source ?? null,
              changes,
            },
            null,
            2,
          ),
        );
      return;
    }
    if (seen !== undefined) await assertWanted(pulumi, seen, built, again, who, say);
    await steps.time("up", send(pulumi, seen, built, say));

    const server = await serverOf(pulumi);
    const { status } = await server.overview();
    const before = seen?.status.release || undefined;
    say(`release ${status.release} is in service: ${server.subject.url}`);
    say(`${steps}; before: ${before === undefined || before === status.release ? "the same, or none" : before}`);
    const words = watchWords(status);
    if (words !== undefined && status.watch.release === status.release)
      say(`watch: ${words}${isWatching(status) && !watch ? `. Follow it: ${typed("status", "--stack", stack)}` : ""}`);
    const end = watch ? await followWatch(server, status) : status;
    if (watch && words !== undefined) say(`watch: ${watchWords(end)}`);
    if (end.release !== status.release) {
      say(`Release ${end.release} is in service.`);
      await record(pulumi, end.release, typed("up", "--stack", stack), say);
    }
    const isGood = !watch || !isBad(end);
    if (!isGood) process.exitCode = 1;
    if (json)
      console.log(
        JSON.stringify(
          {
            stack,
            release: end.release,
            deployed: status.release,
            before: before ?? null,
            source: built?.source ?? null,
            bytes: built?.size ?? null,
            seconds: steps.seconds,
            watch: end.watch,
            ok: isGood,
          },
          null,
          2,
        ),
      );
  });

/**
 * Shows what would change, where no release is held.
 *
 * @param json shows nothing, and returns how many resources each operation would be done to
 */
async function preview(pulumi: Pulumi, json: boolean): Promise<unknown> {
  const { exitCode, stdout, output } = await withoutHeld(pulumi, (file) => {
    const args = ["preview", "--config-file", file];
    return json ? pulumi.run([...args, "--json"]) : pulumi.attended(args, "Nothing was changed.");
  });
  if (exitCode !== 0)
    throw new UserError(
      `pulumi preview failed${json ? `:\n${diagnostics(output)}` : "; it says above why"}. Nothing was changed.`,
    );
  return json ? JSON.parse(stdout).changeSummary : undefined;
}

/** How long each step took. */
class Steps {
  readonly seconds: Record<string, number> = {};

  async time<T>(name: string, work: Promise<T>): Promise<T> {
    const began = Date.now();
    // In the order in which they began, whichever ends first.
    this.seconds[name] = 0;
    const result = await work;
    this.seconds[name] = Math.round((Date.now() - began) / 100) / 10;
    return result;
  }

  toString(): string {
    return Object.entries(this.seconds)
      .map(([name, seconds]) => `${name} ${seconds.toFixed(1)} s`)
      .join(", ");
  }
}
