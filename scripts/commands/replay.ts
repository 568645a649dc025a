import { Command } from "commander";
import { Progress, terminal } from "../engine/progress";
import { assertAnswerable } from "../environment/bring-up";
import { columns } from "../lib/columns";
import { UserError } from "../lib/errors";
import { Interrupted } from "../lib/interrupt";
import { typed } from "../lib/places";
import { Pulumi } from "../lib/pulumi";
import { askFirst } from "../release/ask-first";
import { type ReleaseServer, serverOf } from "../release/server";
import { isWatching } from "../release/watch";
import { whoami } from "../release/who";
import { openTunnel } from "../ssh/tunnel";
import { counts, type HeldJob, type HeldRelease, open } from "../watch/held";
import { type Result, replay as runAgain } from "../watch/replay";
import { ReplayServer } from "../watch/replay-server";
import { Queues } from "../watch/run-again";

interface Options {
  readonly stack: string;
  readonly release?: string;
  readonly queue?: string;
  readonly dryRun?: true;
  readonly yes?: boolean;
  readonly json?: true;
}

const REDIS_PORT = 6379;

/** `queuehost replay`: the jobs that failed under a release which was taken back, once more under the one in service. */
export const replay = new Command("replay")
  .description("run the jobs again that failed under a release which was taken back")
  .requiredOption("--stack <name>", "the stack")
  .option("--release <id>", "those of this release alone")
  .option("--queue <name>", "those of this queue alone")
  .option("--dry-run", "list them, and run none")
  .option("--yes", "ask nothing, for scripts")
  .option("--json", "print the result as JSON")
  .action(async (options: Options) => {
    const { stack, dryRun, yes = false, json } = options;
    if (!dryRun) assertAnswerable(yes);
    const say = json ? console.error : console.log;
    const pulumi = Pulumi.of(stack);
    const [server, who] = await Promise.all([serverOf(pulumi), whoami()]);
    const replayServer = new ReplayServer(server.subject, who);
    const wanted = (job: HeldJob) => options.queue === undefined || job.queue === options.queue;
    const releases = await chosen(server, await replayServer.held(), options);
    const rows = releases.flatMap((release) =>
      counts(open(release).filter(wanted)).map((one) => ({ release: release.id, ...one })),
    );
    const total = rows.reduce((sum, { count }) => sum + count, 0);
    if (total === 0 || dryRun) {
      if (json) console.log(JSON.stringify({ stack, held: rows, replayed: null }, null, 2));
      else console.log(total === 0 ? "No job is held for replay." : table(rows));
      return;
    }
    say(table(rows));
    await askFirst(`Run ${total === 1 ? "this job" : `these ${total} jobs`} again under the release in service?`, yes);
    const result = await overTunnel(pulumi, server, (queues) => run(releases, wanted, total, replayServer, queues));
    if (json) console.log(JSON.stringify({ stack, held: rows, replayed: result }, null, 2));
    else console.log(summary(result));
    if (result.interrupted)
      throw new Interrupted(`Interrupted. What was begun is done; ${typed("replay", "--stack", stack)} goes on.`);
    if (result.refused.length > 0) process.exitCode = 1;
  });

/** Those that were asked for, without those of a release that is still being watched: they may be nobody's to run again. */
async function chosen(server: ReleaseServer, held: HeldRelease[], { release }: Options): Promise<HeldRelease[]> {
  const { status } = await server.overview();
  const watched = isWatching(status) ? status.watch.release : undefined;
  if (release === undefined) return held.filter(({ id }) => id !== watched);
  if (release === watched)
    throw new UserError(`Release ${release} is still being watched: its jobs are held until that has ended.`);
  const found = held.filter(({ id }) => id === release);
  if (found.length > 0) return found;
  const ids = held.map(({ id }) => id).join(", ");
  throw new UserError(
    `--release: no job of release ${release} is held; ${ids === "" ? "there are none at all" : `there are jobs of ${ids}`}.`,
  );
}

const table = (rows: readonly { release: string; queue: string; count: number; reason: string }[]): string =>
  columns([
    ["RELEASE", "QUEUE", "JOBS", "FAILED WITH"],
    ...rows.map(({ release, queue, count, reason }) => [release, queue, String(count), reason]),
  ]);

/** The application's own user of Redis: what it may not do isn't done in its name. */
async function overTunnel<T>(pulumi: Pulumi, server: ReleaseServer, use: (queues: Queues) => Promise<T>): Promise<T> {
  const password = await pulumi.config("queuehost:redis.password");
  if (password === undefined) throw new UserError(`Stack ${pulumi.stack} has no redis.password.`);
  const { host, user, privateKey, hostKey } = server.subject;
  const tunnel = await openTunnel({ host, user, privateKey, hostKey }, REDIS_PORT);
  const queues = new Queues({ port: tunnel.port, password });
  try {
    return await use(queues);
  } finally {
    await queues.close();
    await tunnel.close();
  }
}

async function run(
  releases: readonly HeldRelease[],
  wanted: (job: HeldJob) => boolean,
  total: number,
  server: ReplayServer,
  queues: Queues,
): Promise<Result> {
  const stop = new AbortController();
  const abort = () => stop.abort();
  process.on("SIGINT", abort).on("SIGTERM", abort);
  const shown = terminal();
  const progress = new Progress(shown.report, "replay");
  const result: Result = { again: 0, since: 0, refused: [], interrupted: false };
  let before = 0;
  try {
    for (const release of releases) {
      const onProgress = (done: number) => progress.at(`${before + done} of ${total} jobs`);
      const one = await runAgain(release, wanted, { server, queues, signal: stop.signal, onProgress });
      result.again += one.again;
      result.since += one.since;
      result.refused.push(...one.refused);
      result.interrupted ||= one.interrupted;
      before += open(release).filter(wanted).length;
    }
    progress.end(`${result.again} of ${total} jobs`);
    return result;
  } finally {
    progress.stop();
    shown.end();
    process.off("SIGINT", abort).off("SIGTERM", abort);
  }
}

function summary({ again, since, refused }: Result): string {
  const lines = [`${again} jobs are in their queues again.`];
  if (since > 0) lines.push(`${since} were left alone: they have been run, retried or removed since they failed.`);
  for (const { id, queue, reason } of refused.slice(0, 20)) lines.push(`not taken: job ${id} of ${queue}: ${reason}`);
  if (refused.length > 20) lines.push(`... and ${refused.length - 20} more`);
  return lines.join("\n");
}
