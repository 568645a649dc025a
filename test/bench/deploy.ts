import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setRelease } from "../e2e/change-release";
import { Deployment } from "../support/deployment";
import { Load, type Outcome } from "../support/load/load";
import { referenceTraffic } from "../support/load/traffic";
import { waitFor } from "../support/wait-for";

/** How often each way is gone. */
const ROUNDS = 5;
/** Requests a second. */
const RATE = 50;

/** To the newest of the other releases. */
const BACK = `other=$(/opt/queuehost/app/release list | awk -F '\\t' '$2 != "live" { print $1; exit }')
  /opt/queuehost/app/release switch "$other" bench bench`;

/** What a way to bring a release into service did to the requests, and how long it took until the new one was healthy. */
interface Row {
  readonly name: string;
  readonly outcome: Outcome;
  readonly seconds: readonly number[];
}

/**
 * Ways to bring a release into service, under the same load on the same server: ours with both process managers, a cluster of PM2
 * that is reloaded, and a unit of systemd that is restarted.
 */
async function main(): Promise<void> {
  const deployment = await Deployment.make("bench-deploy");
  try {
    await deployment.configure({ "watch.seconds": "0" });
    await deployment.up();
    const rows: Row[] = [];
    for (const manager of ["systemd", "pm2"]) rows.push(...(await ours(deployment, manager)));
    rows.push(...(await others(deployment)));
    console.log(tableOf(rows));
  } finally {
    await deployment.end();
  }
}

/** A whole `pulumi up` of another release, its build included; and the way back, on the server. */
async function ours(deployment: Deployment, manager: string): Promise<Row[]> {
  await deployment.configure({ processManager: manager });
  // Another one than was gone back from, which the server would refuse.
  await setRelease(deployment, "reference", `${manager} at first`);
  await deployment.up();
  const prepare = (round: number) => setRelease(deployment, "reference", `${manager} ${round}`);
  return [
    await measured(deployment, `ours, ${manager}: pulumi up`, () => deployment.up(), prepare),
    await measured(deployment, `ours, ${manager}: rollback`, () => deployment.onServer(BACK)),
  ];
}

/** The same release as others run it. */
async function others(deployment: Deployment): Promise<Row[]> {
  const script = readFileSync(join(__dirname, "plain.sh"), "utf8");
  await deployment.onServer(`cat >/tmp/plain.sh <<'END'\n${script}END`);
  const plain = async (...args: string[]) => {
    await deployment.onServer(`sh /tmp/plain.sh ${args.join(" ")}`);
    await healthy();
  };
  const healthy = () =>
    waitFor("it to be healthy", () => deployment.onServer("curl -fs http://127.0.0.1:3900/health"), 30);
  await plain("start-pm2");
  await plain("caddy");
  const reloaded = await measured(deployment, "pm2 reload alone", () => plain("pm2", "reload", "plain"));
  await plain("start-unit");
  const restarted = await measured(deployment, "systemctl restart", async () => {
    await deployment.onServer("systemctl restart plain");
    await healthy();
  });
  return [reloaded, restarted];
}

async function measured(
  deployment: Deployment,
  name: string,
  work: (round: number) => Promise<unknown>,
  prepare: (round: number) => Promise<void> = async () => {},
): Promise<Row> {
  const { url } = await deployment.subject();
  const load = new Load(url, RATE, referenceTraffic("benched"));
  const seconds: number[] = [];
  const rounds = async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await prepare(round);
      const started = performance.now();
      await work(round);
      seconds.push((performance.now() - started) / 1000);
    }
  };
  const [done] = await Promise.allSettled([rounds()]);
  const outcome = await load.stop();
  if (done.status === "rejected") throw done.reason;
  return { name, outcome, seconds };
}

/** A line for each way; the ratio is that of its longest gap to the one of ours with systemd. */
function tableOf(rows: readonly Row[]): string {
  const head = `${"".padEnd(28)}  failed  longest gap  p99      healthy after  gap, to ours`;
  const [first] = rows;
  const lines = rows.map(({ name, outcome, seconds }) => {
    const { sent, failures, longestGap, p99 } = outcome;
    return [
      name.padEnd(28),
      `${failures.length}/${sent}`.padEnd(10),
      `${longestGap} ms`.padEnd(11),
      `${p99} ms`.padEnd(7),
      `${median(seconds).toFixed(1)} s`.padEnd(13),
      (longestGap / (first?.outcome.longestGap ?? Number.NaN)).toFixed(2),
    ].join("  ");
  });
  return [head, ...lines, `medians of ${ROUNDS} rounds at ${RATE} requests a second`].join("\n");
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
