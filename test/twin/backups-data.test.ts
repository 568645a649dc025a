// Long, because one machine serves all of it: to make one takes longer than any of its tests.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LACKS_MACHINES, NOT_LONG } from "../support/requires";
import { waitFor } from "../support/wait-for";
import { faultOf } from "./support/app-server";
import { BackedUp, redis } from "./support/backups";
import { Pm2Server } from "./support/pm2-server";
import { queueRelease, WORK } from "./support/queue-app";
import { useTwin } from "./support/twin";

const UPLOADS = "/srv/tiny/shared/uploads";
const PARTS = "/opt/queuehost/backups";
const AS_APP = "setpriv --reuid app --regid app --clear-groups";

describe.skipIf(LACKS_MACHINES)("data of all kinds, backed up and brought back", { timeout: 600_000 }, () => {
  useTwin((twin) => {
    let pm2: Pm2Server;
    let machine: BackedUp;
    beforeAll(async () => {
      pm2 = await Pm2Server.make(twin, "data");
      machine = new BackedUp(pm2.app, twin);
      await machine.setUp();
    });
    const run = (command: string) => machine.run(command);
    const newest = () => run("basename $(ls -d $FOLDER/2* | tail -n 1)");

    describe("databases of SQLite", () => {
      /** Two tables whose sums are the same at every moment, changed by somebody who never pauses. */
      const SEED = `pragma journal_mode = wal; create table a (n int); create table b (n int); create table pad (x);
        insert into a values (0); insert into b values (0);
        insert into pad select hex(randomblob(500)) from generate_series(1, 4000);`;
      const CHANGE =
        "begin; update a set n = n + 1; update pad set x = hex(randomblob(500)) where rowid % 50 = abs(random() % 50); update b set n = n + 1; commit;";
      /** What there is in a copy. */
      const LOOK = `sqlite3 ${UPLOADS}/tasks.db 'pragma integrity_check; select (select n from a) - (select n from b); select count(*) from pad'`;
      let id = "";

      beforeAll(async () => {
        await run(`
          umask 077; cd ${UPLOADS}
          ${AS_APP} sqlite3 tasks.db <<'END'
${SEED}
END
          ${AS_APP} sqlite3 plain.db 'create table "odd ""table" (n); insert into "odd ""table" values (1), (2)'
          (printf 'SQLite format 3\\0'; head -c 4080 /dev/zero) >damaged.db; chown app:app damaged.db
          systemd-run --quiet --unit writes --uid app --gid app bash -c 'while :; do echo "${CHANGE}"; done | sqlite3 -cmd ".timeout 5000" ${UPLOADS}/tasks.db'`);
        await waitFor(
          "writes",
          async () => Number(await run(`sqlite3 ${UPLOADS}/tasks.db 'select n from a'`)) > 20,
          60,
        );
        id = await machine.backup();
      });

      test("are copied as of one moment while they are written to, and told of", async () => {
        const told = await run(`sed -n 's,^sqlite\t${UPLOADS.slice(1)}/,,p' $FOLDER/${id}/manifest`);
        expect(told).toBe(
          [
            "damaged.db\tas it is\tfile is not a database (26)",
            'plain.db\trows\todd "table\t2\nplain.db\tcheck\tok',
            "tasks.db\trows\ta\t1\ntasks.db\trows\tb\t1\ntasks.db\trows\tpad\t4000\ntasks.db\tcheck\tok",
          ].join("\n"),
        );
        expect(await run(`tar -tf $FOLDER/${id}/files.tar | grep -cE 'db-(wal|shm)$' || :`)).toBe("0");
        // The writer was never held up, and goes on.
        const before = Number(await run(`sqlite3 ${UPLOADS}/tasks.db 'select n from a'`));
        await waitFor(
          "the writer",
          async () => Number(await run(`sqlite3 ${UPLOADS}/tasks.db 'select n from a'`)) > before,
          60,
        );
        expect(await run("ls /var/lib/queuehost-sqlite")).toBe("");
        const level =
          "systemd-analyze security --no-pager queuehost-backup-sqlite | grep -oE 'service: [0-9.]+' | cut -c 10-";
        expect(Number(await run(level))).toBeLessThanOrEqual(0.5);
      });

      test("come back whole, with owner and mode", async () => {
        await run(`systemctl stop writes; rm ${UPLOADS}/*.db*`);
        await machine.restore(id, "files");
        expect(await run(`stat -c '%U:%G %a' ${UPLOADS}/tasks.db; ${LOOK}`)).toBe("app:app 600\nok\n0\n4000");
        expect(await run(`ls ${UPLOADS} | paste -sd ' '`)).toBe("damaged.db invoice plain.db tasks.db");
        expect(await machine.red()).toEqual([]);
      });

      test.each([
        [
          "torn",
          "dd if=/dev/urandom of=tasks.db bs=4096 count=40 seek=100 conv=notrunc status=none",
          /has other SQLite databases than there were: .*tasks.db/,
        ],
        ["cut off", "truncate -s 300K tasks.db", /has other SQLite databases than there were: .*tasks.db/],
        [
          "with other rows",
          "sqlite3 tasks.db 'delete from pad where rowid > 3000'",
          /tasks.db rows pad 4000 before, .* pad 3000/,
        ],
        ["empty", ": >tasks.db", /has other SQLite databases than there were: .*tasks.db/],
      ])("one that is %s is caught", async (_, how, why) => {
        await run(`
          odd=$FOLDER/spoilt; rm -rf $odd /root/tree; cp -a $FOLDER/${id} $odd; mkdir /root/tree; cd /root/tree
          tar -xf $odd/files.tar; cd ${UPLOADS.slice(1)}; ${how}; cd /root/tree; tar -cf $odd/files.tar --no-recursion $(tar -tf $FOLDER/${id}/files.tar)
          cd $odd; rm SHA256SUMS; sha256sum * >/root/sums; mv /root/sums SHA256SUMS; chown backup:backup *`);
        expect(await faultOf(machine.prove("$FOLDER/spoilt"))).toMatch(why);
        await run("rm -r $FOLDER/spoilt /root/tree");
      });

      test("one that somebody keeps locked is waited for, and named", async () => {
        await run(`
          sed -i 's/^patience=.*/patience=1000/' ${PARTS}/copy-sqlite.sh
          systemd-run --quiet --unit locks --uid app --gid app bash -c '(echo "begin exclusive;"; sleep 600) | sqlite3 ${UPLOADS}/plain.db'
          until sqlite3 ${UPLOADS}/plain.db 'select * from "odd ""table"' 2>&1 | grep -q locked; do sleep 0.1; done`);
        const before = await newest();
        expect(await faultOf(machine.backup())).toMatch(
          /plain\.db was locked for more than 1 s by somebody who writes to it; the next run will do$/,
        );
        expect(await newest()).toBe(before);
        await run(
          `systemctl stop locks; systemctl reset-failed queuehost-backup; sed -i 's/^patience=.*/patience=30000/' ${PARTS}/copy-sqlite.sh`,
        );
        await machine.backup();
      });
    });

    describe("the power fails in the middle of a restore", () => {
      let id = "";
      beforeAll(async () => {
        await run(`rm -f ${UPLOADS}/*.db`);
        await machine.seed();
        id = await machine.backup();
      });
      const SPOILT = "1 0 0 7 late lost";
      const reset = async () => {
        const { body } = await twin.call("GET", "/servers");
        const boot = await run("cat /proc/sys/kernel/random/boot_id; stat -c %Y /proc/1");
        const { body: done } = await twin.call("POST", `/servers/${body.servers[0].id}/actions/reset`);
        await twin.done(done.action);
        await waitFor(
          "the machine",
          async () => (await run("cat /proc/sys/kernel/random/boot_id; stat -c %Y /proc/1")) !== boot,
          120,
        );
      };

      /** Until the restore has been undone, or completed, at boot. */
      const undone = () =>
        waitFor(
          "the end of the restore",
          async () =>
            (await run(
              "[ ! -e $FOLDER/.restore ] && systemctl show -P ActiveState queuehost-restore-undo redis-server@queue | paste -sd ' '",
            )) === "inactive  active",
          240,
        );

      const cutOff = async (file: string, where: string) => {
        await machine.seed();
        await run(`
          cli del bull:mail:wait bull:mail:active >/dev/null; cli lpush bull:mail:wait late >/dev/null; cli -n 2 flushdb >/dev/null
          sql 'delete from orders where n > 7'; rm -f ${UPLOADS}/invoice; touch ${UPLOADS}/late; echo lost >/var/lib/tiny/state`);
        const sed = Buffer.from(`${where} touch /root/here; sleep 900`).toString("base64");
        await run(`
          rm -f /root/here; cp -a ${PARTS}/${file} /root/whole; echo ${sed} | base64 -d >/root/sed; sed -i -f /root/sed ${PARTS}/${file}
          systemd-run --quiet --unit restore bash ${PARTS}/restore.sh run ${id} 'redis postgres files' tests`);
        await waitFor("the restore", () => run("test -e /root/here && echo yes || :"), 120);
        // Nothing of the application starts with the server before its data are those of one moment.
        expect(await run("find /etc/systemd/system/*.wants -name 'tiny-*'")).toBe("");
        await run(`mv /root/whole ${PARTS}/${file}; sync`);
        await reset();
        await undone();
        expect(await machine.state()).toBe(SPOILT);
        expect(await pm2.app.health()).toHaveProperty("folder");
        expect(await run("ls /srv/tiny/maintenance/index.html 2>/dev/null || echo off")).toBe("off");
        expect(await run("find /etc/systemd/system/*.wants -name 'tiny-*' | wc -l")).toBe("3");
        expect(await machine.red()).toEqual([]);
        expect(await run("grep -cP 'boot\\trestore undone\\tdone' /var/log/queuehost/audit.log")).not.toBe("0");
      };

      test("between the two renames of Redis: the server comes up with the old data by itself", () =>
        cutOff("restore-redis.sh", '/mv -T .*restored" "$redis_folder"$/i'));
      test.skipIf(NOT_LONG)("between the two renames of the database: the same", () =>
        cutOff("restore-postgres.sh", '/^  rename .*_restored" "$database"/i'),
      );
      test.skipIf(NOT_LONG)("between the two renames of a folder: the same", () =>
        cutOff("restore-files.sh", "/^    mv -T .*restored/i"),
      );

      test("after the backup is in service: it stays, and what was there is a backup", async () => {
        await machine.seed();
        await run("cli lpush bull:mail:wait late >/dev/null");
        await run(`
          rm -f /root/here; cp -a ${PARTS}/restore.sh /root/whole; sed -i '/^  exec 8>&-/i touch /root/here; sleep 900' ${PARTS}/restore.sh
          systemd-run --quiet --unit restore bash ${PARTS}/restore.sh run ${id} 'redis postgres files' tests`);
        await waitFor("the restore", () => run("test -e /root/here && echo yes || :"), 240);
        await run(`mv /root/whole ${PARTS}/restore.sh; sync`);
        await reset();
        await undone();
        expect(await machine.state()).toBe("50 0 1 1000 invoice state");
        expect(await run("cut -f 1-4 $FOLDER/$(ls $FOLDER | grep ^2 | tail -n 1)/manifest | grep bull:mail")).toContain(
          "active=3 wait=48",
        );
        expect(await machine.red()).toEqual([]);
      });
    });

    test("jobs made under other rights outlive a start of Redis", async () => {
      await run(`cli eval 'redis.call("lpush", KEYS[1], 1) redis.call("lpush", KEYS[1], 2)' 1 other:wait >/dev/null`);
      await pm2.app.apply(redis([]));
      await run("systemctl restart redis-server@queue; until cli ping >/dev/null 2>&1; do sleep 0.1; done");
      expect(await run("cli llen other:wait")).toBe("2");
      await pm2.app.apply(redis(["*"]));
    });

    describe("the disk of the queue is full", () => {
      const REDIS = "/var/lib/redis";
      beforeAll(async () => {
        await pm2.app.deploy(queueRelease(twin.stateDir, WORK.well), { folders: ["uploads"] });
        await machine.seed();
        await run(`
          systemctl stop redis-server@queue redis-server@cache; cp -a ${REDIS} /root/redis
          mount -t tmpfs -o size=200m tmpfs ${REDIS}; chown redis:redis ${REDIS}; chmod 750 ${REDIS}; cp -a /root/redis/. ${REDIS}
          fallocate -l $(($(stat -f -c "%a * %S" ${REDIS}) - 31457280)) ${REDIS}/ballast; systemctl start redis-server@queue redis-server@cache
          until cli ping >/dev/null 2>&1; do sleep 0.1; done; cp -a $FOLDER /root/sets`);
      });

      afterAll(() =>
        run(`
          systemctl stop redis-server@queue redis-server@cache; rm -rf /root/redis; rm -f ${REDIS}/ballast; cp -a ${REDIS} /root/redis
          umount ${REDIS}; cp -a /root/redis/. ${REDIS}; systemctl start redis-server@queue redis-server@cache`),
      );

      test("nothing acknowledged is lost, and all of it comes back by itself once there is room", async () => {
        await run(`systemd-run --quiet --unit load --uid app --gid app --property EnvironmentFile=/srv/tiny/shared/.env --working-directory /srv/tiny/current \
          $(ls -d /opt/queuehost/node/*/bin/node | tail -n 1) load.js full 50`);
        await waitFor("jobs to be done", () => run("test -s /var/lib/tiny/done && echo yes || :"), 120);
        // Each answer is the length of the list: what was acknowledged is in it.
        await run(`
          pad=$(head -c 3000 /dev/zero | tr '\\0' x)
          for client in 1 2 3; do
            (for n in $(seq 8000); do echo "rpush acknowledged:$client $n-$pad"; done | cli >/root/answers.$client 2>&1 || :) &
          done; wait`);
        const answered = (client: number) => run(`grep -E '^[0-9]+$' /root/answers.${client} | sort -n | tail -n 1`);
        const counts = await Promise.all([1, 2, 3].map(answered));
        expect(Math.min(...counts.map(Number))).toBeGreaterThan(10);
        expect(
          await run(
            "systemctl show -P ActiveState redis-server@queue; journalctl -qu redis-server@queue -o cat | grep -c 'No space left'",
          ),
        ).not.toMatch(/\n0$/);
        await run(`rm ${REDIS}/ballast`);
        await waitFor("Redis", async () => (await run("cli ping 2>&1 || :")) === "PONG", 120);
        for (const client of [1, 2, 3])
          expect(Number(await run(`cli llen acknowledged:${client}`))).toBeGreaterThanOrEqual(
            Number(counts[client - 1]),
          );
        const done = Number(await run("wc -l </var/lib/tiny/done"));
        await waitFor(
          "jobs to be done again",
          async () => Number(await run("wc -l </var/lib/tiny/done")) > done + 50,
          120,
        );
        await run("systemctl stop load; cli del acknowledged:1 acknowledged:2 acknowledged:3 >/dev/null");
      });

      test("a restore that finds no room leaves the old data alone", async () => {
        await run(
          "for i in $(seq 20); do head -c 700000 /dev/urandom | cli -x set big:$i >/dev/null; done; cli bgrewriteaof >/dev/null; until cli info persistence | grep -q aof_rewrite_in_progress:0; do sleep 0.1; done",
        );
        const id = await machine.backup();
        await run(
          `cli set after ${id} >/dev/null; fallocate -l $(($(stat -f -c '%a * %S' ${REDIS}) - 4194304)) ${REDIS}/ballast`,
        );
        expect(await faultOf(machine.restore(id, "redis"))).toMatch(
          /queuehost: not enough room in \/var\/lib\/redis to make redis beside what is there: needs \d+ MB and 64 MB to spare, got \d+ MB\nqueuehost: nothing was touched$/,
        );
        expect(await run("cli get after")).toBe(id);
        expect(await run(`cd ${REDIS}; ls -d queue*`)).toBe("queue");
        await run(`rm ${REDIS}/ballast`);
        expect(await machine.restore(id, "redis")).toMatch(/out of service for \d+ ms$/);
        expect(await run("cli exists after")).toBe("0");
      });
    });

    test("a restore under PM2 stops and starts its processes", async () => {
      await pm2.upload();
      await pm2.install();
      await pm2.deploy(queueRelease(twin.stateDir, WORK.well), { folders: ["uploads"] });
      await machine.seed();
      const id = await machine.backup();
      const side = await pm2.app.side();
      const before = await pm2.pids(side);
      await run(`cli del bull:mail:wait >/dev/null; rm ${UPLOADS}/invoice`);
      await machine.restore(id);
      expect(await machine.state()).toBe("50 0 1 1000 invoice state");
      expect((await pm2.noted(side)).map((line) => line.replace(/.* (online) .*/, "$1"))).toEqual(
        Array(4).fill("online"),
      );
      expect(Object.values(await pm2.pids(side)).filter((pid) => Object.values(before).includes(pid))).toEqual([]);
      expect(await run(`systemctl is-enabled tiny-pm2@${side}`)).toBe("enabled");
      expect(await machine.red()).toEqual([]);
      // One that fails once the application is stopped.
      await run(
        `cli del bull:mail:wait >/dev/null; cp -a ${PARTS}/restore-files.sh /root/whole; sed -i '/^swap_files() {/a fail broken' ${PARTS}/restore-files.sh`,
      );
      expect(await faultOf(machine.restore(id))).toBe("queuehost: broken\nqueuehost: the old data are in service");
      await run(`mv /root/whole ${PARTS}/restore-files.sh`);
      expect((await pm2.noted(side)).length).toBe(4);
      expect(await machine.red()).toEqual([]);
    });
  });
});
