import { resolve } from "node:path";
import { parseArgs } from "node:util";
import {
  exportJobs,
  importJobs,
  openProvider,
  type Provider,
  QueueUnavailable,
  readDump,
  SettingsInvalid,
  TransferRefused,
  writeDump,
} from "queuehost/jobs";
import { ConfigError, readConfig } from "./config";
import { loadEnvironment } from "./environment";
import { table } from "./table";

const USAGE = `Moves jobs that wait from one provider (QUEUE_PROVIDER, AGENDA_BACKEND ...) to another, or to another server.

  jobs export <file> [--failed] [--pause <seconds>]   all that wait, are scheduled or recur, into a file
  jobs import <file>                                   from such a file; may be repeated
  jobs pause                                           all queues; jobs that run go on
  jobs resume

  --failed    also jobs that failed for good; where they arrive, they wait again
  --pause     pauses the queues first, and waits so long for running jobs; they stay paused

Encrypted fields stay encrypted: where the jobs arrive, QUEUE_ENCRYPTION_KEY needs the key that they were stored with.`;

const queues = Object.keys(table.queues);

class WrongUse extends Error {}

interface Order {
  readonly verb: "export" | "import" | "pause" | "resume" | "help";
  readonly file: string;
  readonly failed: boolean;
  readonly pauseMs?: number;
}

function orderOf(args: readonly string[]): Order {
  const options = { failed: { type: "boolean" }, pause: { type: "string" }, help: { type: "boolean" } } as const;
  const { values, positionals } = parse(() => parseArgs({ args: [...args], options, allowPositionals: true }));
  const [verb = "", file = "", ...more] = positionals;
  if (values.help) return { verb: "help", file, failed: false };
  const { pause, failed = false } = values;
  const seconds = Number(pause ?? 0);
  if (!Number.isInteger(seconds) || seconds < 0) {
    throw new WrongUse(`--pause: should be a whole number of seconds, got ${JSON.stringify(pause)}`);
  }
  switch (verb) {
    case "export":
    case "import":
      if (file === "" || more.length > 0) throw new WrongUse(`${verb}: should be followed by one file`);
      break;
    case "pause":
    case "resume":
      if (file !== "") throw new WrongUse(`${verb}: should stand alone, got ${JSON.stringify(file)}`);
      break;
    default:
      throw new WrongUse(`should be export, import, pause or resume, got ${JSON.stringify(verb)}`);
  }
  if (verb !== "export" && (failed || pause !== undefined)) throw new WrongUse("--failed and --pause are for export");
  // npm starts a script in the package's own folder.
  const path = resolve(process.env.INIT_CWD ?? ".", file);
  return { verb, file: path, failed, ...(pause !== undefined && { pauseMs: seconds * 1000 }) };
}

function parse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new WrongUse((error as Error).message);
  }
}

async function carryOut(provider: Provider, prefix: string, order: Order): Promise<string> {
  switch (order.verb) {
    case "export": {
      const { failed, pauseMs } = order;
      const dump = await exportJobs(provider, prefix, queues, { failed, ...(pauseMs !== undefined && { pauseMs }) });
      await writeDump(order.file, dump);
      return `${dump.jobs.length} jobs and ${dump.recurring.length} recurring ones are in ${order.file}; the queues stay paused`;
    }
    case "import": {
      const { added, known, recurring } = await importJobs(provider, queues, await readDump(order.file));
      return `${added} jobs added, ${known} were there, ${recurring} recurring ones set; all read back`;
    }
    case "pause":
      for (const queue of queues) await provider.pause(queue);
      return `paused: ${queues.join(", ")}`;
    case "resume":
      for (const queue of queues) await provider.resume(queue);
      return `resumed: ${queues.join(", ")}`;
    default:
      return USAGE;
  }
}

async function main(): Promise<string> {
  const order = orderOf(process.argv.slice(2));
  if (order.verb === "help") return USAGE;
  loadEnvironment(__dirname);
  const { settings } = readConfig(process.env);
  // What stands in a file that can't be read needs no server to be told.
  if (order.verb === "import") await readDump(order.file);
  const provider = openProvider(table, settings, () => {});
  try {
    await provider.settled;
    return await carryOut(provider, settings.prefix, order);
  } finally {
    await provider.close();
  }
}

main().then(
  (said) => void process.stdout.write(`${said}\n`),
  (error: Error) => {
    process.exitCode = error instanceof WrongUse ? 2 : 1;
    process.stderr.write(`${explain(error)}\n`);
  },
);

function explain(error: Error): string {
  if (error instanceof WrongUse) return `jobs: ${error.message}\n\n${USAGE}`;
  if (error instanceof QueueUnavailable) {
    return `jobs: the queue can't be reached (${error.message}); is its server running, and do the .env's values lead there?`;
  }
  const known = [TransferRefused, SettingsInvalid, ConfigError].some((kind) => error instanceof kind);
  return `jobs: ${known ? error.message : error.stack}`;
}
