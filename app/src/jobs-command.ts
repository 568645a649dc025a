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
import { type Order, orderOf, USAGE, WrongUse } from "./jobs-order";
import { table } from "./table";

const queues = Object.keys(table.queues);

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
      return `${added} jobs added, ${known} were there, ${recurring} recurring ones set; all read back${await pauseOf(provider)}`;
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

/** What was moved doesn't run there until somebody resumes it. */
async function pauseOf(provider: Provider): Promise<string> {
  const counts = await Promise.all(queues.map((queue) => provider.counts(queue)));
  const paused = queues.filter((_, index) => counts[index]?.paused);
  return paused.length === 0 ? "" : `; paused here, until \`jobs resume\`: ${paused.join(", ")}`;
}

async function main(): Promise<string> {
  const order = orderOf(process.argv.slice(2), process.env.INIT_CWD);
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
