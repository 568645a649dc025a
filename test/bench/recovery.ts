import { parseArgs } from "node:util";
import { Deployment } from "../support/deployment";
import { waitFor } from "../support/wait-for";
import { BenchServer, type Produced } from "./recovery-server";

/** How long jobs come in before and after a fault, in seconds; and in each round of a backup's cost. */
const BEFORE_S = 3;
const UNDER_LOAD_S = 20;
const ROUND_S = 10;
const ROUNDS = 3;
/** Jobs a second, where latency is measured. */
const RATE = 50;

/** What became of the jobs, and how long it took until all was as before. */
interface Row {
  readonly what: string;
  readonly jobs: number;
  readonly lost: string;
  readonly seconds: number;
  readonly note: string;
}

/** What a machine of the twin can't show. */
const NO_POWER_CUT = "the machine's page cache outlives it: no power cut";

/** What goes wrong, or right, with so many jobs in the queue. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      jobs: { type: "string", default: "1000,100000,1000000" },
      only: { type: "string", default: "kill,reboot,restore,delete,cost" },
      json: { type: "boolean", default: false },
    },
  });
  const say = values.json ? console.error : console.log;
  const measures = { kill: killed, reboot: rebooted, restore: restored, delete: deleted, cost };
  const deployment = await Deployment.make("bench-recovery");
  try {
    await deployment.configure(
      { "redis.maxmemory": "3gb", "watch.seconds": "0", "backups.to": "storage-box", "backups.schedule": "daily" },
      { "backups.password": "a-password-of-the-bench" },
    );
    await deployment.up();
    const server = new BenchServer(deployment);
    await server.prepare();
    const rows: Row[] = [];
    for (const jobs of values.jobs.split(",").map(Number)) {
      for (const name of values.only.split(",") as (keyof typeof measures)[]) {
        await server.fill(jobs);
        const row = await measures[name](server, deployment, jobs).catch(
          (error): Row => ({
            what: name,
            jobs,
            lost: "?",
            seconds: Number.NaN,
            note: `failed: ${String(error).slice(-600)}`,
          }),
        );
        rows.push(row);
        say(lineOf(row));
      }
    }
    if (values.json) console.log(JSON.stringify(rows, null, 2));
    else console.log(`\n${[HEAD, ...rows.map(lineOf)].join("\n")}`);
  } finally {
    await deployment.end();
  }
}

async function killed(server: BenchServer, _: Deployment, jobs: number): Promise<Row> {
  await server.produce(UNDER_LOAD_S, 0);
  await server.run(`sleep ${BEFORE_S}; kill -9 $(systemctl show -P MainPID redis-server@queue)`);
  const { longestGapMs } = await server.produced();
  const { acknowledged, lost } = await server.lost();
  const whole = jobs - (await server.filled());
  return {
    what: "Redis killed",
    jobs,
    lost: `${lost + whole} of ${acknowledged + jobs}`,
    seconds: longestGapMs / 1000,
    note: NO_POWER_CUT,
  };
}

async function rebooted(server: BenchServer, deployment: Deployment, jobs: number): Promise<Row> {
  await server.produce(UNDER_LOAD_S, 0);
  await server.run(`sleep ${BEFORE_S}`);
  const [machine] = (await deployment.api<{ servers: { id: number }[] }>("/servers")).servers;
  const began = performance.now();
  await deployment.api(`/servers/${machine?.id}/actions/reset`, "POST");
  await healthy(deployment, began);
  const seconds = (performance.now() - began) / 1000;
  const { acknowledged, lost } = await server.lost();
  const whole = jobs - (await server.filled());
  return { what: "server reset", jobs, lost: `${lost + whole} of ${acknowledged + jobs}`, seconds, note: NO_POWER_CUT };
}

/** The newest answer from outside that isn't of before the fault. */
async function healthy(deployment: Deployment, began: number): Promise<void> {
  const { url } = await deployment.subject();
  let wasDown = false;
  await waitFor(
    "the application to be back",
    async () => {
      const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
      const { redis } = answer?.ok ? ((await answer.json()) as { redis?: string }) : {};
      wasDown ||= redis !== "up";
      return (wasDown || performance.now() - began > 20_000) && redis === "up";
    },
    600,
  );
}

async function restored(server: BenchServer, _: Deployment, jobs: number): Promise<Row> {
  const { id, seconds: took, pauseMs } = await server.backup();
  await server.run("cli flushall >/dev/null");
  const { output, seconds } = await server.queuehost("restore", "--yes", "--from", id, "--what", "redis");
  const out = Number(/out of service for (\d+) ms/.exec(output)?.[1]) / 1000;
  const note = `out of service ${out.toFixed(1)} s; the backup took ${took.toFixed(1)} s, ${pauseMs} ms of them without writes`;
  return { what: "dump restored in place", jobs, lost: `${jobs - (await server.filled())} of ${jobs}`, seconds, note };
}

/** Jobs still come after the backup, and go with the server. */
async function deleted(server: BenchServer, deployment: Deployment, jobs: number): Promise<Row> {
  const { seconds: took } = await server.queuehost("backups", "now");
  const backedUp = performance.now();
  await server.produce(UNDER_LOAD_S, RATE);
  await server.run(`sleep ${BEFORE_S}`);
  const [machine] = (await deployment.api<{ servers: { id: number }[] }>("/servers")).servers;
  await deployment.api(`/servers/${machine?.id}/actions/change_protection`, "POST", { delete: false, rebuild: false });
  const acknowledged = await server.acknowledged();
  await deployment.api(`/servers/${machine?.id}`, "DELETE");
  const age = (performance.now() - backedUp) / 1000;
  const { seconds } = await server.queuehost("recreate", "--yes", "--restore", "latest");
  deployment.forget();
  const lost = jobs + acknowledged - (await server.filled()) - (await server.added());
  await server.prepare();
  const note = `lost: what came in the ${age.toFixed(0)} s after the backup, which took ${took.toFixed(1)} s with its proof and shipping`;
  return { what: "server deleted, recreated", jobs, lost: `${lost} of ${jobs + acknowledged}`, seconds, note };
}

/** Latency of adding a job with and without backups that follow one another, taking turns. */
async function cost(server: BenchServer, _: Deployment, jobs: number): Promise<Row> {
  const rounds: { without: Produced; during: Produced }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await server.produce(ROUND_S, RATE);
    const without = await server.produced();
    await server.run(
      "systemd-run --quiet --collect --unit bench-backups bash -c 'while :; do systemctl start queuehost-backup || sleep 1; done'",
    );
    await server.produce(ROUND_S, RATE);
    const during = await server.produced();
    await server.run(
      "systemctl stop bench-backups queuehost-backup; systemctl reset-failed queuehost-backup 2>/dev/null || :",
    );
    rounds.push({ without, during });
  }
  const of = (side: "without" | "during", value: "p50Ms" | "p99Ms" | "longestGapMs") =>
    median(rounds.map((round) => round[side][value]));
  const ratio = of("during", "p99Ms") / of("without", "p99Ms");
  const note = `p99 ${of("without", "p99Ms").toFixed(1)} ms without, ${of("during", "p99Ms").toFixed(1)} ms with (${ratio.toFixed(1)} x); p50 ${of("without", "p50Ms").toFixed(1)} and ${of("during", "p50Ms").toFixed(1)} ms; longest gap ${of("without", "longestGapMs").toFixed(0)} and ${of("during", "longestGapMs").toFixed(0)} ms`;
  return { what: "backups one after another", jobs, lost: "", seconds: ROUND_S, note };
}

const COLUMNS = [26, 9, 20, 8] as const;
const HEAD = asLine("", "jobs", "lost", "seconds", "");
const lineOf = ({ what, jobs, lost, seconds, note }: Row) => asLine(what, String(jobs), lost, seconds.toFixed(1), note);

function asLine(...cells: string[]): string {
  return cells
    .map((cell, at) => cell.padEnd(COLUMNS[at] ?? 0))
    .join("  ")
    .trimEnd();
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
