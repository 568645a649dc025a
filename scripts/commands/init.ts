import { randomBytes } from "node:crypto";
import { join, relative } from "node:path";
import { Command } from "commander";
import { ReleaseError } from "../../infra/release";
import { ensureEngine } from "../engine";
import { answersTo, askMember, assertNoSecrets, withAnswers } from "../init/answers";
import { deployableMembers, memberNamed, readApp } from "../init/app";
import { look } from "../init/findings";
import { ensureIgnored } from "../init/ignored";
import { closing, ownBackend, report, stillToSet } from "../init/report";
import { ensureStackOf, writeFindings } from "../init/write";
import { ensureBackend, hasBackend, localBackend } from "../lib/backend";
import { UserError } from "../lib/errors";
import { pair } from "../lib/pair";
import { fromUser, PROJECT } from "../lib/places";
import { type Configured, Pulumi } from "../lib/pulumi";
import { REHEARSAL } from "../lib/rehearsal";

interface Options {
  readonly stack: string;
  readonly yes?: true;
  readonly member?: string;
  readonly set?: Readonly<Record<string, string>>;
  readonly overwrite?: true;
  readonly json?: true;
}

/** `queuehost init`: looks at a Node project and writes a stack's configuration for it. */
export const init = new Command("init")
  .description("look at a Node.js project, and write the configuration of a stack that deploys it")
  .argument("[path]", "folder of the application", ".")
  .requiredOption("--stack <name>", "the stack, such as staging; made where it isn't there yet")
  .option("--yes", "ask nothing, and take what was found")
  .option("--member <folder>", "of a monorepo, the member to deploy: its folder or its package's name")
  .option("--set <key=value>", "a key of the configuration, whatever was found; may be given again", pair)
  .option("--overwrite", "also change what the stack's configuration says already")
  .option("--json", "print what was found and written as JSON; asks nothing")
  .action(async (path: string, options: Options) => {
    if (options.stack === REHEARSAL)
      throw new UserError(
        `--stack: ${REHEARSAL} is made by start, from the stack that it rehearses; take another name, such as staging`,
      );
    assertNoSecrets(options.set ?? {}, options.stack);
    const ask = options.yes !== true && options.json !== true;
    if (ask && !process.stdin.isTTY)
      throw new UserError(
        "init asks some questions, and this is no terminal. Add --yes to take what it finds, and --set KEY=VALUE where that is wrong.",
      );
    try {
      await initialise(await memberOf(fromUser(path), options, ask), options, ask);
    } catch (error) {
      if (error instanceof ReleaseError) throw new UserError(error.message);
      throw error;
    }
  });

async function initialise(folder: string, options: Options, ask: boolean): Promise<void> {
  const app = await readApp(folder);
  const appPath = relative(PROJECT, folder) || ".";
  // Before anything is asked or fetched: it may well be that there is nothing to deploy.
  look(app, appPath, "");
  const say = options.json ? () => {} : console.log;
  await ensureEngine(options.json ? () => {} : undefined);
  const before = await known(Pulumi.of(options.stack));
  const password = before.get("queuehost:redis.password")?.value || randomBytes(24).toString("hex");
  const findings = withAnswers(look(app, appPath, password), password, options.set ?? {});
  const answers = ask ? await answersTo(findings, before, options.stack, say) : findings.found;
  // From here on something is made: all questions are answered.
  const environment = ensureBackend();
  const ignored = ensureIgnored(PROJECT);
  const pulumi = Pulumi.of(options.stack);
  const made = await ensureStackOf(pulumi);
  const present = await pulumi.configured();
  const written = await writeFindings(pulumi, present, answers, options.overwrite === true);
  const set = new Set([...present.keys(), ...answers.map(({ key }) => `queuehost:${key}`)]);
  const left = [...findings.open, ...stillToSet(findings.unset, set, options.stack, folder)];
  if (options.json) {
    const shown = written.map(({ finding: { key, value, why, secret }, outcome }) => ({
      key,
      ...(!secret && { value }),
      why,
      outcome,
    }));
    console.log(JSON.stringify({ stack: options.stack, made, written: shown, left }, null, 2));
    return;
  }
  say(report(written, made, options.stack, relative(PROJECT, pulumi.configFile)));
  if (ignored) say("It has a .gitignore now: modules, .env and what belongs to a rehearsal stay out of git.");
  if (environment !== undefined) say(ownBackend(relative(PROJECT, environment)));
  const { PULUMI_BACKEND_URL: own } = localBackend();
  say(closing(left, options.stack, own === undefined ? undefined : ".queuehost/env"));
}

/** What the stack says already; nothing where it isn't there yet. */
async function known(pulumi: Pulumi): Promise<Configured> {
  return hasBackend() && (await pulumi.exists()) ? pulumi.configured() : new Map();
}

/** The folder itself, or of a monorepo the member that is meant. */
async function memberOf(folder: string, { member }: Options, ask: boolean): Promise<string> {
  const members = await deployableMembers(folder);
  if (member !== undefined) return join(folder, memberNamed(folder, members, member));
  const [only] = members;
  if (only === undefined) return folder;
  if (members.length === 1) return join(folder, only);
  if (!ask)
    throw new UserError(
      `${folder} is a monorepo: name the member to deploy, with --member ${members.join(" or --member ")}`,
    );
  return join(folder, await askMember(members));
}
