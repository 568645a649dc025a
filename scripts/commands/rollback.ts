import { Command } from "commander";
import { assertAnswerable } from "../environment/bring-up";
import { UserError } from "../lib/errors";
import { typed } from "../lib/places";
import { Pulumi } from "../lib/pulumi";
import { assertUnlocked, disagreement, disagreementWords, record } from "../release/agree";
import { askFirst } from "../release/ask-first";
import { chooseRelease } from "../release/choose";
import { serverOf } from "../release/server";
import { plain, whoami } from "../release/who";

interface Options {
  readonly stack: string;
  readonly to?: string;
  readonly yes?: boolean;
  readonly why?: string;
  readonly json?: true;
}

/** `queuehost rollback`: a kept release into service, at once; Pulumi's state follows. */
export const rollback = new Command("rollback")
  .description("put the release before, or any that the server keeps, back into service")
  .requiredOption("--stack <name>", "the stack")
  .option("--to <release>", "a release that `releases` lists (default: the one before)")
  .option("--why <text>", "what the server's records and `releases` say about the one that is taken back")
  .option("--yes", "ask nothing, for scripts")
  .option("--json", "print the result as JSON")
  .action(async ({ stack, to, yes = false, why, json }: Options) => {
    assertAnswerable(yes);
    const say = json ? console.error : console.log;
    const pulumi = Pulumi.of(stack);
    const [server, who] = await Promise.all([serverOf(pulumi), whoami()]);
    const { status, releases } = await server.overview();
    assertUnlocked(stack, status);
    const differs = disagreement(server.recorded, status);
    const choice = chooseRelease(releases, to, differs);
    const again = typed("rollback", "--stack", stack, "--to", choice.to);
    if (differs !== undefined) say(disagreementWords(differs));
    let seconds = 0;
    if (!choice.isLive) {
      await askFirst(`Put release ${choice.to} into service in the place of ${choice.from}?`, yes);
      const began = Date.now();
      await server.ask("switch", choice.to, who, plain(why ?? "rolled back"));
      seconds = (Date.now() - began) / 1000;
      say(
        `Release ${choice.to} is in service, ${choice.from} isn't any more (${seconds.toFixed(1)} s): ${server.subject.url}`,
      );
    } else if (server.recorded === choice.to)
      throw new UserError(`Release ${choice.to} is in service already. Nothing was touched.`);
    await record(pulumi, choice.to, again, say);
    say(
      `Pulumi's state says so too; app.release in the stack's file holds it there until ${typed("deploy", "--stack", stack)}.`,
    );
    if (json)
      console.log(JSON.stringify({ stack, from: choice.from, to: choice.to, seconds, recorded: true }, null, 2));
  });
