import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type Bundle, pack } from "../../infra/bundles/bundle";
import { databaseUrl, postgresBundle } from "../../infra/bundles/postgres";
import { parse } from "../../scripts/verification/rows";
import { script } from "../../scripts/verification/script";
import { POSTGRES_OFF_FAULTS, postgresFaults, type ServerFault } from "../e2e/faults-postgres";
import { LACKS_MACHINES } from "../support/requires";
import { waitFor } from "../support/wait-for";
import { useTwin } from "./support/twin";

const HOST = resolve(__dirname, "../../host");
const UNIT = "postgresql@17-main";
const on = postgresBundle({ enabled: true, name: "queuehost" });
const off = postgresBundle({ enabled: false, name: "queuehost" });

/** The bundle with another file, as a mistake in the project would make it. */
const withFile = (path: string, change: (content: string) => string): Bundle => ({
  ...on,
  files: on.files.map((file) => (file.path === path ? { ...file, content: change(file.content) } : file)),
});

/** What the application's unit allows, as options of systemd-run. */
function sandboxOfTheApplication(): string {
  const unit = readFileSync(join(HOST, "app/process.service.in"), "utf8");
  const lines = unit.slice(unit.indexOf("NoNewPrivileges="), unit.indexOf("[Install]")).split("\n");
  return lines
    .filter((line) => /^[A-Z]\w+=/.test(line) && !/@[a-z]\w*@/.test(line))
    .map((line) => `-p '${line}'`)
    .join(" ");
}

describe.skipIf(LACKS_MACHINES)("PostgreSQL on a real machine", () => {
  useTwin((twin) => {
    let ip = "";
    let verification = "";
    beforeAll(async () => {
      ({ ip } = await twin.server("postgres"));
      await run("useradd --create-home deploy; useradd --system --user-group --shell /usr/sbin/nologin app");
      // The verification of this concern alone.
      verification = join(twin.stateDir, "host");
      mkdirSync(verification);
      for (const name of ["lib-verify.sh", "postgres"]) symlinkSync(join(HOST, name), join(verification, name));
    });

    const run = (command: string) => twin.ssh(ip, command);
    const server = { onServer: run };
    const unpack = "d=$(mktemp -d /root/bundle.XXXXXX); cd $d; base64 -d | tar -xz; exec /bin/sh ./apply.sh";
    const apply = async (bundle: Bundle) => run(`echo ${await pack(bundle)} | (${unpack})`);
    const pid = () => run(`systemctl show -P MainPID ${UNIT}`);
    const as = (user: string, database: string, statements: string) =>
      run(
        `cd /; setpriv --reuid ${user} --regid $(id -g ${user}) --clear-groups psql -d ${database} -XqAt -c "${statements}"`,
      );
    const red = async (expected: "yes" | "") => {
      const text = script({ EXPECT_POSTGRES: expected, APP_NAME: "queuehost" }, verification);
      const checks = parse(await run(`echo ${Buffer.from(text).toString("base64")} | base64 -d | bash -s`));
      expect(checks.length).toBeGreaterThan(0);
      return checks.filter(({ ok }) => !ok).map(({ concern, name }) => `${concern}: ${name}`);
    };
    const turnsRed = async ({ make, mend, red: expected }: ServerFault, state: "yes" | "") => {
      await make(server);
      const seen = await red(state).finally(() => mend(server));
      expect(seen.sort()).toEqual([...expected].sort());
      expect(await red(state)).toEqual([]);
    };

    test("where it isn't wanted, it isn't installed, and nothing happens", async () => {
      const before = await run("find /etc | sort | sha256sum; dpkg -l | sha256sum");
      expect(await apply(off)).toBe("");
      expect(await run("find /etc | sort | sha256sum; dpkg -l | sha256sum")).toBe(before);
      expect(await red("")).toEqual([]);
    });

    test.each(POSTGRES_OFF_FAULTS)("verification turns red when $name", (fault) => turnsRed(fault, ""));

    test("comes up on its socket with the application's database, as the verification wants it", async () => {
      expect(await apply(on)).toBe("installing postgresql-17\nPostgreSQL (re)started\ndatabase queuehost made");
      expect(await red("yes")).toEqual([]);
      const level = `systemd-analyze security --no-pager ${UNIT} | grep -oE 'service: [0-9.]+' | cut -c 10-`;
      expect(Number(await run(level))).toBeLessThanOrEqual(0.5);
    });

    test("applied again, it changes nothing", async () => {
      const before = await pid();
      expect(await apply(on)).toBe("");
      expect(await pid()).toBe(before);
    });

    test("DATABASE_URL leads to it from the application's sandbox", async () => {
      const command = `psql '${databaseUrl("queuehost")}' -XqAt -c 'create table jobs (n int); insert into jobs values (1) returning n'`;
      const options = `-q --wait --pipe -p User=app -p Group=app ${sandboxOfTheApplication()}`;
      expect(options).toContain("PrivateUsers=yes");
      expect(await run(`systemd-run ${options} ${command}`)).toBe("1");
    });

    test("the operator reads and writes rows, and nothing more", async () => {
      expect(await as("deploy", "queuehost", "update jobs set n = 2 returning n")).toBe("2");
      await expect(as("deploy", "queuehost", "drop table jobs")).rejects.toThrow(/must be owner of table jobs/);
      await expect(as("nobody", "queuehost", "select 1")).rejects.toThrow(/pg_hba.conf rejects connection/);
      await expect(as("app", "postgres", "select 1")).rejects.toThrow(/pg_hba.conf rejects connection/);
    });

    test.each(postgresFaults("queuehost"))("verification turns red when $name", (fault) => turnsRed(fault, "yes"));

    test("killed, it comes back with what was committed", async () => {
      await run(`kill -9 $(systemctl show -P MainPID ${UNIT})`);
      await waitFor(
        "PostgreSQL's return",
        () =>
          as("deploy", "queuehost", "select n from jobs").then(
            (n) => n === "2",
            () => false,
          ),
        30,
      );
      // A connection that is killed, for want of memory say, doesn't take the server with it.
      const before = await pid();
      await expect(
        run(
          `psql -U postgres -c "do \\$\\$ begin perform pg_sleep(9); end \\$\\$" & sleep 1; pkill -9 -P ${before} -f 'postgres postgres'; wait $!`,
        ),
      ).rejects.toThrow();
      await waitFor(
        "the end of its recovery",
        () =>
          as("deploy", "queuehost", "select n from jobs").then(
            (n) => n === "2",
            () => false,
          ),
        30,
      );
      expect(await pid()).toBe(before);
    });

    test("a setting that PostgreSQL doesn't know is refused before anything is touched", async () => {
      const before = await pid();
      await expect(apply(withFile("postgresql.conf", (text) => `${text}\nfsynk = on\n`))).rejects.toThrow(
        /queuehost: postgres: PostgreSQL refuses its new settings: .*unrecognized configuration parameter "fsynk"/,
      );
      expect(await pid()).toBe(before);
      expect(await run("grep -c fsynk /etc/postgresql/17/main/postgresql.conf || :")).toBe("0");
    });

    test("settings that it doesn't start with are taken back", async () => {
      const broken = withFile("postgresql.conf", (text) => `${text}\nshared_preload_libraries = 'nothing'\n`);
      await expect(apply(broken)).rejects.toThrow(
        /queuehost: postgres does not start: .*could not access file "nothing"/,
      );
      expect(await red("yes")).toEqual([]);
      expect(await as("deploy", "queuehost", "select n from jobs")).toBe("2");
    });

    test("access rules with a mistake are taken back, and no connection ends", async () => {
      const before = await pid();
      await expect(apply(withFile("pg_hba.conf", (text) => `${text}local all all peerr\n`))).rejects.toThrow(
        /queuehost: postgres refuses its new rules: invalid authentication method "peerr"/,
      );
      expect(await pid()).toBe(before);
      expect(await red("yes")).toEqual([]);
    });

    test("rules by which another user gets in as the application are taken back", async () => {
      await expect(apply(withFile("pg_hba.conf", () => "local all all trust\n"))).rejects.toThrow(
        /another user than app gets in as app/,
      );
      expect(await red("yes")).toEqual([]);
    });

    test("an application of another name gets a database of its own, and the old one is kept", async () => {
      const renamed = postgresBundle({ enabled: true, name: "planning-bord" });
      expect(await apply(renamed)).toBe("PostgreSQL reloaded\ndatabase planning_bord made");
      expect(await as("app", "planning_bord", "select current_database()")).toBe("planning_bord");
      await expect(as("app", "queuehost", "select 1")).rejects.toThrow(/rejects connection/);
      expect(await as("deploy", "queuehost", "select n from jobs")).toBe("2");
      expect(await apply(on)).toBe("PostgreSQL reloaded");
    });

    test("turned off, it doesn't run and keeps its data; turned on, the data is there", async () => {
      const kept = "its data stays in /var/lib/postgresql/17/main";
      expect(await apply(off)).toBe(`PostgreSQL is off; ${kept}`);
      // What Debian does after an update of the package.
      await run("systemctl restart postgresql");
      expect(await red("")).toEqual([]);
      expect(await apply(off)).toBe(`PostgreSQL stays off; ${kept}`);
      expect(await apply(on)).toBe("PostgreSQL (re)started");
      expect(await red("yes")).toEqual([]);
      expect(await as("app", "queuehost", "select n from jobs")).toBe("2");
    });

    test("a PostgreSQL of Debian's making is taken over with its data; with settings of its own it stays as it was", async () => {
      await run(
        `systemctl disable -q --now ${UNIT}; rm -r /etc/systemd/system/${UNIT}.service.d; systemctl daemon-reload
         pg_dropcluster 17 main && pg_createcluster 17 main --start
         cd / && setpriv --reuid postgres --regid postgres --init-groups sh -ec '
           createuser app; createdb -O app queuehost; psql -q -d queuehost -c "create table old as select 7 n"
           psql -q -c "alter system set work_mem = 12345"'
         systemctl reload ${UNIT}`,
      );
      const listening = () => run("ss -Hltn 'sport = :5432' | awk '{ print $4 }' | sort | paste -sd ' '");
      expect(await listening()).toContain("127.0.0.1:5432");
      await expect(apply(on)).rejects.toThrow(
        /runs with another setting than it was given: work_mem in .*postgresql.auto.conf; ALTER SYSTEM RESET ALL/,
      );
      expect(await listening()).toContain("127.0.0.1:5432");

      await run(`cd /; setpriv --reuid postgres --regid postgres --init-groups psql -q -c "alter system reset all"`);
      expect(await apply(on)).toBe("PostgreSQL (re)started");
      expect(await red("yes")).toEqual([]);
      expect(await as("deploy", "queuehost", "select n from old")).toBe("7");
    });
  });
});
