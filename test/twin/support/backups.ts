import { createHash } from "node:crypto";
import { mkdirSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect } from "vitest";
import { type BackupsSettings, backupsBundle } from "../../../infra/bundles/backups";
import { postgresBundle } from "../../../infra/bundles/postgres";
import { redisBundle } from "../../../infra/bundles/redis";
import { parse } from "../../../scripts/verification/rows";
import { quote, script } from "../../../scripts/verification/script";
import { type AppServer, envOf, PASSWORD } from "./app-server";
import { tinyRelease } from "./tiny-app";
import type { TestTwin } from "./twin";

const HOST = resolve(__dirname, "../../../host");

/** What the verification of backups wants to know. */
export const EXPECTED = {
  APP_NAME: "tiny",
  APP_PORT: "3000",
  APP_HEALTH: "/health",
  APP_PROCESSES: "backend worker",
  APP_FOLDERS: "uploads",
  EXPECT_POSTGRES: "yes",
  EXPECT_BACKUPS_TO: "",
  EXPECT_BACKUPS_KEEP: "40",
  EXPECT_BACKUPS_KEEP_DAILY: "2",
};

/** @param keyPatterns keys that the application reaches beside tiny:* */
export const redis = (keyPatterns: readonly string[]) =>
  redisBundle({
    passwordSha256: createHash("sha256").update(PASSWORD).digest("hex"),
    keyPrefix: "tiny",
    keyPatterns: [...keyPatterns],
    queueMaxmemory: "200mb",
    queueMaxmemoryPolicy: "noeviction",
    queueAppendfsync: "always",
    queueSave: "900 1",
    cacheMaxmemory: "64mb",
    cacheMaxmemoryPolicy: "allkeys-lru",
  });

const FUNCTIONS = `set -eu
cd /
cli() { REDISCLI_AUTH=$(cat /etc/queuehost/credentials/redis-operator) redis-cli -e -s /run/redis-\${instance:-queue}/redis.sock --user operator --no-auth-warning "$@"; }
sql() { setpriv --reuid app --regid app --clear-groups psql -d tiny -XqAt -c "$1"; }
FOLDER=/var/backups/queuehost
`;

/** A machine with an application that has jobs, rows and files, and backups of them. */
export class BackedUp {
  constructor(
    private readonly server: AppServer,
    private readonly twin: TestTwin,
  ) {}

  /** Runs a script of bash as root; it has `cli` (the queue's Redis), `sql` (the database) and FOLDER. */
  async run(command: string): Promise<string> {
    const script = Buffer.from(`${FUNCTIONS}${command}\n`).toString("base64");
    return this.server.run(`echo ${script} | base64 -d | bash -s`);
  }

  async setUp(): Promise<void> {
    const { server, twin } = this;
    await server.run(
      "id app >/dev/null 2>&1 || useradd --system --user-group --no-create-home --shell /usr/sbin/nologin app; install -D -m 644 /root/.ssh/authorized_keys /etc/ssh/authorized_keys.d/deploy",
    );
    await server.apply(redis(["*"]));
    await server.apply(postgresBundle({ enabled: true, name: "tiny" }));
    await server.apply(envOf());
    await server.deploy(tinyRelease(twin.stateDir), { folders: ["uploads"] });
    await this.seed();
    await this.configure();
  }

  /** Applies the bundle of backups. */
  configure(changes: Partial<BackupsSettings> = {}): Promise<string> {
    const usual = { schedule: "daily", keep: 40, keepDaily: 2, name: "tiny", postgres: true, folders: ["uploads"] };
    return this.server.apply(backupsBundle({ ...usual, ...changes }));
  }

  /** 50 jobs, of which three run; 1000 rows; a file and a state. */
  async seed(): Promise<void> {
    await this.run(`
      cli flushall >/dev/null
      cli hset bull:mail:meta version bullmq:6.7.0 >/dev/null
      for i in $(seq 50); do printf '%s\\n' "hset bull:mail:$i name n data n$i timestamp 1" "lpush bull:mail:wait $i"; done | cli >/dev/null
      for i in 1 2 3; do cli rpoplpush bull:mail:wait bull:mail:active; cli set bull:mail:$i:lock t px 30000; done >/dev/null
      cli -n 2 hset 'odd "queue":meta' x 1 >/dev/null
      cli -n 2 zadd 'odd "queue":delayed' 5 a >/dev/null
      sql 'drop table if exists orders; create table orders (n int primary key); insert into orders select generate_series(1, 1000)'
      rm -rf /srv/tiny/shared/uploads/*; echo invoice >/srv/tiny/shared/uploads/invoice
      chown app:app /srv/tiny/shared/uploads/invoice; chmod 600 /srv/tiny/shared/uploads/invoice
      echo state >/var/lib/tiny/state; chown app:app /var/lib/tiny/state`);
  }

  /** What it has, as one line: waiting, running and delayed jobs, rows, files. */
  state(): Promise<string> {
    return this.run(
      `echo $(cli llen bull:mail:wait) $(cli llen bull:mail:active) $(cli -n 2 zcard 'odd "queue":delayed') $(sql 'select count(*) from orders') $(cd /srv/tiny/shared/uploads && ls) $(cat /var/lib/tiny/state)`,
    );
  }

  /** Makes a backup and gives its id. */
  backup(): Promise<string> {
    return this.run("bash /opt/queuehost/backups/backups.sh now tests");
  }

  /** @param what parts, separated by spaces */
  restore(id: string, what = "redis postgres files"): Promise<string> {
    return this.run(`bash /opt/queuehost/backups/restore.sh run ${id} ${quote(what)} tests`);
  }

  /** Tries a set anew. */
  prove(folder: string): Promise<string> {
    return this.run(`. /opt/queuehost/backups/sandbox.sh; prove_set ${folder}`);
  }

  /** All checks that are not as they should be. */
  async red(expected: Readonly<Record<string, string>> = EXPECTED): Promise<string[]> {
    const folder = join(this.twin.stateDir, "host");
    mkdirSync(folder, { recursive: true });
    for (const name of ["lib-verify.sh", "backups"])
      try {
        symlinkSync(join(HOST, name), join(folder, name));
      } catch {
        // It is there since the last time.
      }
    const text = Buffer.from(script(expected, folder)).toString("base64");
    const checks = parse(await this.server.run(`echo ${text} | base64 -d | bash -s`));
    expect(checks.length).toBeGreaterThan(3);
    return checks.filter(({ ok }) => !ok).map(({ concern, name, seen }) => `${concern}: ${name} (${seen})`);
  }
}
