import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildSync } from "esbuild";
import { PACKAGE } from "../../scripts/lib/places";
import { run } from "../../scripts/lib/run";
import type { Deployment } from "../support/deployment";
import { waitFor } from "../support/wait-for";

const CLI = `set -o pipefail
prefix=$(sed -n 's/^QUEUE_PREFIX=//p' /srv/queuehost/shared/.env | tr -d "\\"'")
cli() { REDISCLI_AUTH=$(cat /etc/queuehost/credentials/redis-operator) redis-cli -e --user operator --no-auth-warning "$@"; }
`;
/** Jobs as BullMQ stores them, in a queue that nobody works on. ARGV: the first and the last number. */
const FILL = `for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  redis.call("HSET", KEYS[1] .. ":" .. i, "name", "send", "data", '{"to":"someone-' .. i .. '@example.com","subject":"Your order ' .. i .. '","template":"receipt"}',
    "opts", '{"attempts":3,"backoff":{"type":"exponential","delay":1000}}', "timestamp", 1700000000000 + i, "delay", 0, "priority", 0)
  redis.call("LPUSH", KEYS[1] .. ":wait", i)
end`;
/** Of the keys that are the application's. */
const FILLED = "$prefix:queuehost-filled";
/** As many as one call of Redis' makes at a time. */
const CHUNK = 20_000;
const FOLDER = "/var/lib/queuehost/bench";
/** How long anything on the server may take. */
const PATIENCE_S = 900;

/** What a run of the producer says. */
export interface Produced {
  readonly acknowledged: number;
  readonly longestGapMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The bench's server, with jobs in its queue and somebody who adds to them. */
export class BenchServer {
  constructor(private readonly deployment: Deployment) {}

  run(command: string): Promise<string> {
    return this.deployment.onServer(`${CLI}${command}`);
  }

  /** Brings the producer; again after the server is another one. */
  async prepare(): Promise<void> {
    const { outputFiles } = buildSync({
      entryPoints: [join(__dirname, "producer.ts")],
      bundle: true,
      minify: true,
      platform: "node",
      write: false,
    });
    const text = Buffer.from(outputFiles[0]?.contents ?? []).toString("base64");
    await this.run(
      `install -d -o app -g app ${FOLDER}; echo ${text} | base64 -d >${FOLDER}/producer.js; chmod 644 ${FOLDER}/producer.js`,
    );
  }

  /** Exactly so many jobs. */
  async fill(jobs: number): Promise<void> {
    await this.run(`cli flushall >/dev/null; cli hset ${FILLED}:meta version bullmq:6.7.0 >/dev/null
      echo ${Buffer.from(FILL).toString("base64")} | base64 -d >/root/fill.lua`);
    for (let from = 1; from <= jobs; from += 5 * CHUNK) {
      const to = Math.min(jobs, from + 5 * CHUNK - 1);
      await this.run(
        `for ((a = ${from}; a <= ${to}; a += ${CHUNK})); do b=$((a + ${CHUNK - 1})); cli eval "$(cat /root/fill.lua)" 1 ${FILLED} $a $((b < ${to} ? b : ${to})) >/dev/null; done`,
      );
    }
  }

  async filled(): Promise<number> {
    return Number(await this.run(`cli llen ${FILLED}:wait`));
  }

  /** How many jobs the producer has been told are there. */
  async acknowledged(): Promise<number> {
    return Number(await this.run(`wc -l <${FOLDER}/acknowledged`));
  }

  /** How many of the producer's there are. */
  async added(): Promise<number> {
    return Number(await this.run("cli llen $prefix:queuehost-bench:wait"));
  }

  /** Begins to produce; `produced` gives what came of it. */
  async produce(seconds: number, rate: number): Promise<void> {
    await this.run(
      `rm -f ${FOLDER}/acknowledged ${FOLDER}/said; systemctl reset-failed bench-producer 2>/dev/null || :; ${this.unit(`${seconds} ${rate}`)}`,
    );
    await waitFor("the producer", () => this.run(`test -s ${FOLDER}/acknowledged && echo yes || :`), 60);
  }

  async produced(): Promise<Produced> {
    await this.patiently("the producer's end", "systemctl is-active -q bench-producer && echo no || echo yes", "yes");
    return JSON.parse(await this.run(`cat ${FOLDER}/said`));
  }

  /** Of the jobs whose producer was told that they are there, how many aren't. */
  async lost(): Promise<{ acknowledged: number; lost: number }> {
    await this.run(`rm -f ${FOLDER}/said; ${this.unit("")}`);
    const { acknowledged, found } = (await this.produced()) as unknown as { acknowledged: number; found: number };
    return { acknowledged, lost: acknowledged - found };
  }

  private unit(rest: string): string {
    return `systemd-run --quiet --collect --unit bench-producer --uid app --gid app --property EnvironmentFile=/srv/queuehost/shared/.env \
      --property StandardOutput=append:${FOLDER}/said $(ls -d /opt/queuehost/node/*/bin/node | tail -n 1) ${FOLDER}/producer.js ${FOLDER}/acknowledged ${rest}`;
  }

  /** Makes a backup, however long it takes; gives its seconds, and how long writes were paused. */
  async backup(): Promise<{ id: string; seconds: number; pauseMs: number }> {
    const began = performance.now();
    await this.run(
      "systemctl reset-failed queuehost-backup 2>/dev/null || :; systemctl start --no-block queuehost-backup",
    );
    await this.patiently("the backup", "systemctl show -P ActiveState queuehost-backup", "inactive");
    const seconds = (performance.now() - began) / 1000;
    const [id = "", pause = ""] = (
      await this.run(
        `cd /var/backups/queuehost; id=$(ls | grep ^2 | tail -n 1); echo $id; sed -n 's/^pause\\t//p' $id/manifest`,
      )
    ).split("\n");
    return { id, seconds, pauseMs: Number(pause) };
  }

  private async patiently(what: string, command: string, wanted: string): Promise<void> {
    const seen = await waitFor(
      what,
      async () => {
        const state = await this.run(command);
        if ([wanted, "failed"].includes(state)) return state;
        await sleep(200);
        return undefined;
      },
      PATIENCE_S,
    );
    if (seen !== wanted)
      throw new Error(`${what} failed: ${await this.run("journalctl -qu queuehost-backup -n 5 -o cat")}`);
  }

  /** The command line on this stack. Gives what it printed and its seconds. */
  async queuehost(...words: string[]): Promise<{ output: string; seconds: number }> {
    const began = performance.now();
    const { exitCode, output } = await run(
      process.execPath,
      ["--import", "tsx", join(PACKAGE, "scripts/queuehost.ts"), ...words, "--stack", this.deployment.pulumi.stack],
      { cwd: PACKAGE, env: this.deployment.rehearsal.environment, stdin: "ignore" },
    );
    if (exitCode !== 0) throw new Error(`queuehost ${words.join(" ")} ended with ${exitCode}:\n${output}`);
    return { output, seconds: (performance.now() - began) / 1000 };
  }
}
