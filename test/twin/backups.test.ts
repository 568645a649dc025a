// Long, because one machine serves all of it: to make one takes longer than any of its tests.
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { BACKUPS_FAULTS } from "../e2e/faults/backups";
import type { Deployment } from "../support/deployment";
import { LACKS_MACHINES, NOT_LONG } from "../support/requires";
import { waitFor } from "../support/wait-for";
import { AppServer, faultOf } from "./support/app-server";
import { BackedUp, EXPECTED } from "./support/backups";
import { useTwin } from "./support/twin";

/** The same with the running jobs waiting again. */
const RESTORED = "50 0 1 1000 invoice state";

describe.skipIf(LACKS_MACHINES)("backups on a real machine", { timeout: 900_000 }, () => {
  useTwin((twin) => {
    let server: AppServer;
    let machine: BackedUp;
    beforeAll(async () => {
      server = await AppServer.make(twin, "backups");
      machine = new BackedUp(server, twin);
      await machine.setUp();
    });
    const run = (command: string) => machine.run(command);
    const serves = async () => expect(await server.health()).toHaveProperty("folder");
    const inService = async () => {
      await serves();
      expect(await run("ls /srv/tiny/maintenance/index.html 2>/dev/null || echo off")).toBe("off");
      expect(await machine.red()).toEqual([]);
    };

    test("the first one is made at once, with all parts, and the verification is content", async () => {
      expect(await run("ls $FOLDER | wc -l; ls $FOLDER/*")).toBe(
        "1\nSHA256SUMS\nenv.age\nfiles.tar\nmanifest\npostgres.dump\nredis.rdb",
      );
      expect(await run("cut -f 1-4 $FOLDER/*/manifest")).toMatch(
        /^queue\t0\tbull:mail\tactive=3 wait=47 .*\nqueue\t2\todd "queue"\t.* delayed=1 /m,
      );
      expect(await machine.red()).toEqual([]);
      const level = "systemd-analyze security --no-pager queuehost-backup | grep -oE 'service: [0-9.]+' | cut -c 10-";
      expect(Number(await run(level))).toBeLessThanOrEqual(1);
      expect(await run("tail -n 3 /var/log/queuehost/audit.log")).toMatch(
        /\ttimer\tbackup\tdone: \d{8}-\d{6}, \d+ keys/,
      );
    });

    test("its .env opens with a key that logs in, and not on the server", async () => {
      const key = Buffer.from(readFileSync(twin.keyFile)).toString("base64");
      const open = (command: string) =>
        run(
          `umask 077; ${command} >/run/key; age -d -i /run/key $FOLDER/*/env.age | cmp - /srv/tiny/shared/.env && echo same`,
        );
      expect(await open(`echo ${key} | base64 -d`)).toBe("same");
      await expect(open("cat /etc/ssh/ssh_host_ed25519_key")).rejects.toThrow(/no identity matched/);
      await run("rm /run/key");
    });

    test("made while thirty clients write, it holds what there was at its moment", async () => {
      await run(`
        for i in $(seq 30); do (for n in $(seq 4000); do echo "lpush bull:mail:wait w$i-$n"; echo "set vol:$i:$n x px 900"; done | cli >/dev/null) & done
        sleep 0.5; bash /opt/queuehost/backups/backups.sh now tests; kill $(jobs -p) 2>/dev/null || :`);
      expect(await machine.red()).toEqual([]);
      expect(Number(await run("sed -n 's/^pause\t//p' $(ls -d $FOLDER/2* | tail -n 1)/manifest"))).toBeLessThan(5000);
      await machine.seed();
    });

    test("killed midway, it leaves writes open and nothing that counts", async () => {
      const before = await run("ls $FOLDER | paste -sd ' '");
      await run(`
        systemctl start --no-block queuehost-backup
        for i in $(seq 300); do [ -z "$(ls -d $FOLDER/.work.* 2>/dev/null)" ] || break; sleep 0.02; done
        systemctl kill -s KILL queuehost-backup; systemctl reset-failed queuehost-backup
        timeout 6 bash -c "$(declare -f cli); cli set free yes" >/dev/null; cli del free >/dev/null`);
      expect(await run("ls $FOLDER | paste -sd ' '")).toBe(before);
      await machine.backup();
      expect(await run("ls -d $FOLDER/.work.* 2>/dev/null | wc -l")).toBe("0");
    });

    test("without room nothing is begun, and what there is stays", async () => {
      await run(
        "cp -a $FOLDER /root/sets; mount -t tmpfs -o size=30m,mode=700,uid=backup,gid=backup tmpfs $FOLDER; cp -a /root/sets/. $FOLDER",
      );
      const before = await run("ls $FOLDER");
      expect(await faultOf(machine.backup())).toMatch(
        /not enough room in .*: a backup needs \d+ MB and 64 MB to spare, got \d+ MB/,
      );
      expect(await run("ls $FOLDER")).toBe(before);
      await run("umount $FOLDER; rm -r /root/sets; systemctl reset-failed queuehost-backup");
    });

    describe("a set that isn't what the queue was", () => {
      const CASES: readonly [name: string, how: string, why: RegExp][] = [
        ["cut off", "truncate -s -40 redis.rdb", /redis.rdb is damaged|does not load/],
        [
          "with one bit turned",
          "printf '\\377' | dd of=redis.rdb bs=1 seek=200 conv=notrunc status=none",
          /redis.rdb (is damaged|does not load|has other)/,
        ],
        ["empty", ": >redis.rdb", /redis.rdb (is damaged|does not load)/],
        ["without a key", "cp /root/empty.rdb redis.rdb", /redis.rdb holds 0 keys, the queue had \d+/],
        [
          "an hour old",
          "cp /root/old.rdb redis.rdb",
          /redis.rdb (holds \d+ keys|has other jobs than the queue had: 0 bull:mail)/,
        ],
        ["the cache's", "cp /root/cache.rdb redis.rdb", /redis.rdb (holds \d+ keys|has other jobs)/],
        [
          "of a newer Redis",
          "printf REDIS0099 | dd of=redis.rdb conv=notrunc status=none",
          /made by a newer Redis, or by Valkey \(format REDIS0099\); this server has Redis server v=8/,
        ],
        ["with a dump of PostgreSQL cut off", "truncate -s -200 postgres.dump", /postgres.dump/],
        [
          "with rows of another time",
          "sed -i 's/^rows.*/rows\\tpublic.orders\\t999/' manifest",
          /postgres.dump has other rows than the database had: public.orders 999 before, public.orders 1000 in the copy/,
        ],
        ["with files cut off", "truncate -s 700 files.tar", /files.tar/],
        ["with an .env that age didn't make", "cp manifest env.age", /env.age is not what age made/],
      ];

      beforeAll(async () => {
        // Of another moment, with as many keys: one job is done and another one came. And those of other instances.
        await run(`
          newest=$(ls -d $FOLDER/2* | tail -n 1)
          dump() { rm -rf /run/dump; mkdir /run/dump; (cd /run/dump; redis-server --port 0 --unixsocket /run/dump/s --dir /run/dump --save '' --daemonize yes >/dev/null; sleep 0.5; eval "$1"; redis-cli -s s save; redis-cli -s s shutdown nosave) >/dev/null; cp /run/dump/dump.rdb "$2"; }
          dump : /root/empty.rdb
          dump 'for i in 1 2 3; do redis-cli -s s set page:$i x; done' /root/cache.rdb
          rm -rf /run/dump; mkdir /run/dump; cp $newest/redis.rdb /run/dump/dump.rdb
          (cd /run/dump; redis-server --port 0 --unixsocket /run/dump/s --dir /run/dump --daemonize yes --save '' >/dev/null; sleep 0.5
           redis-cli -s s rpoplpush bull:mail:wait bull:mail:active; redis-cli -s s save; redis-cli -s s shutdown nosave) >/dev/null
          cp /run/dump/dump.rdb /root/old.rdb`);
      });

      test.each(CASES)("%s", async (_, how, why) => {
        await run(`
          rm -rf $FOLDER/spoilt; cp -a $(ls -d $FOLDER/2* | tail -n 1) $FOLDER/spoilt; cd $FOLDER/spoilt; rm SHA256SUMS; ${how}
          sha256sum * >/root/sums; mv /root/sums SHA256SUMS; chown backup:backup *`);
        expect(await faultOf(machine.prove("$FOLDER/spoilt"))).toMatch(why);
        await run("rm -r $FOLDER/spoilt");
      });
    });

    describe("verification turns red", () => {
      const deployment = {
        subject: async () => ({ expected: EXPECTED }),
        onServer: (command: string) => run(command),
      } as unknown as Deployment;
      test.each(BACKUPS_FAULTS)("when $name", async ({ make, mend, red }) => {
        await make(deployment);
        const seen = await machine.red().finally(() => mend(deployment));
        expect(seen.map((line) => line.replace(/ \(.*/, "")).sort()).toEqual([...(red as string[])].sort());
        expect(await machine.red()).toEqual([]);
      });
    });

    describe("a restore", () => {
      let id = "";
      beforeAll(async () => {
        await machine.seed();
        id = await machine.backup();
      });
      /** What somebody does to the data after the backup. */
      const spoil = () =>
        run(`
          cli del bull:mail:wait bull:mail:active >/dev/null; cli lpush bull:mail:wait late >/dev/null; cli -n 2 flushdb >/dev/null
          sql 'delete from orders where n > 7'; rm -f /srv/tiny/shared/uploads/invoice; touch /srv/tiny/shared/uploads/late; echo lost >/var/lib/tiny/state`);
      const SPOILT = "1 0 0 7 late lost";

      test("says what it would replace", async () => {
        await spoil();
        const plan = await run(`bash /opt/queuehost/backups/restore.sh plan ${id} 'redis postgres files'`);
        expect(plan).toMatch(/^now\tqueue\t0\tbull:mail\tactive=0 wait=1 /m);
        expect(plan).toMatch(/^backup\tqueue\t0\tbull:mail\tactive=3 wait=47 /m);
        expect(plan).toContain("now\trows\tpublic.orders\t7\nbackup\trows\tpublic.orders\t1000");
        expect(await machine.state()).toBe(SPOILT);
      });

      test("brings all of it back; what was running waits again, and what was there before is a backup", async () => {
        expect(await machine.restore(id)).toMatch(
          /3 jobs that were running then wait again; out of service for \d+ ms$/,
        );
        expect(await machine.state()).toBe(RESTORED);
        // The oldest first.
        expect(await run("cli lrange bull:mail:wait -3 -1 | paste -sd ' '; cli exists bull:mail:1:lock")).toBe(
          "3 2 1\n0",
        );
        expect(await run("stat -c '%U:%G %a' /srv/tiny/shared/uploads/invoice /var/lib/tiny | paste -sd ' '")).toBe(
          "app:app 600 app:app 700",
        );
        await inService();
        const newest = await run("basename $(ls -d $FOLDER/2* | tail -n 1)");
        expect(await run(`sed -n 's/^rows\t//p' $FOLDER/${newest}/manifest`)).toBe("public.orders\t7");
        expect(await run("tail -n 1 /var/log/queuehost/audit.log")).toMatch(/\ttests\trestore \d{8}-\d{6}\tdone$/);
      });

      test("is in the append-only file: Redis killed, it is all there", async () => {
        const pid = await run("systemctl show -P MainPID redis-server@queue");
        await run(`kill -9 ${pid}; while [ -e /proc/${pid} ]; do sleep 0.05; done`);
        await waitFor("Redis", () => run("cli ping"), 60);
        expect(await machine.state()).toBe(RESTORED);
      });

      test("of some parts leaves the others alone", async () => {
        await spoil();
        await machine.restore(id, "postgres");
        expect(await machine.state()).toBe("1 0 0 1000 late lost");
        await inService();
      });

      test("of what can't be backed up any more keeps it as it is", async () => {
        await spoil();
        await run(
          "systemctl stop redis-server@queue; rm -f /var/lib/redis/queue/appendonlydir/*; echo nonsense >/var/lib/redis/queue/appendonlydir/appendonly.aof.manifest; systemctl start --no-block redis-server@queue",
        );
        expect(await machine.restore(id, "redis")).toMatch(
          /can't be backed up \(.*\); it is kept as it is\n(.*\n)*kept until you remove it: \/var\/lib\/redis\/queue.before-/,
        );
        expect(await machine.state()).toMatch(/^50 0 1 7 /);
        await run("rm -r /var/lib/redis/queue.before-*; systemctl reset-failed queuehost-backup");
        await machine.backup();
        await inService();
      });

      describe("that fails", () => {
        beforeAll(async () => {
          await machine.seed();
          await spoil();
        });
        const PARTS = "/opt/queuehost/backups";
        const STEPS: readonly [where: string, file: string, sed: string][] = [
          ["before Redis is made", "restore-redis.sh", "/^stage_redis() {/a fail broken"],
          ["before the database is made", "restore-postgres.sh", "/^stage_postgres() {/a fail broken"],
          ["before the files are unpacked", "restore-files.sh", "/^stage_files() {/a fail broken"],
          [
            "before the application stops",
            "app.sh",
            "/^stop_app() {/a [ ! -f /run/once ] || { rm /run/once; fail broken; }",
          ],
          ["before Redis is put in place", "restore-redis.sh", "/^swap_redis() {/a fail broken"],
          ["between the two renames of Redis", "restore-redis.sh", '/mv -T .*restored" "$redis_folder"$/i fail broken'],
          [
            "when Redis has something else",
            "restore-redis.sh",
            '/^  same .*staged/i cli() { as_operator "$@"; }; cli rpop bull:mail:wait >/dev/null; seen "$work/now" as_operator',
          ],
          [
            "between the two renames of the database",
            "restore-postgres.sh",
            '/^  rename .*_restored" "$database"/i fail broken',
          ],
          ["before the files are put in place", "restore-files.sh", "/^swap_files() {/a fail broken"],
          ["between the two renames of a folder", "restore-files.sh", "/^    mv -T .*restored/i fail broken"],
          [
            "when the application doesn't come up",
            "app.sh",
            "/^start_app() {/a [ ! -f /run/once ] || { rm /run/once; fail broken; }",
          ],
        ];

        test.skipIf(NOT_LONG).each(STEPS)("%s leaves the old data in service", async (_, file, sed) => {
          await machine.seed();
          await spoil();
          await run(
            `touch /run/once; cp -a ${PARTS}/${file} /root/whole; echo ${Buffer.from(sed).toString("base64")} | base64 -d >/root/sed; sed -i -f /root/sed ${PARTS}/${file}; ! cmp -s /root/whole ${PARTS}/${file}`,
          );
          const fault = await faultOf(machine.restore(id)).finally(() =>
            run(`mv /root/whole ${PARTS}/${file}; rm -f /run/once`),
          );
          expect(fault).toMatch(
            /queuehost: (broken|Redis holds something else than the backup: .*)\nqueuehost: (nothing was touched|the old data are in service)$/,
          );
          expect(await machine.state()).toBe(SPOILT);
          await inService();
          expect(await run("tail -n 1 /var/log/queuehost/audit.log")).toMatch(/\ttests\trestore .*\tfailed: /);
        });

        test("by a kill is undone by the next command", async () => {
          await run(
            `cp -a ${PARTS}/restore-postgres.sh /root/whole; sed -i '/^swap_postgres() {/a kill -9 $$' ${PARTS}/restore-postgres.sh`,
          );
          await machine.restore(id).catch(() => undefined);
          await run(`mv /root/whole ${PARTS}/restore-postgres.sh`);
          expect((await machine.red()).join()).toContain("backups: no restore is unfinished");
          expect(await run(`bash ${PARTS}/restore.sh undo tests`)).toContain("putting the old data back");
          expect(await machine.state()).toBe(SPOILT);
          await inService();
        });

        test("because another one runs, or there is no such backup, touches nothing", async () => {
          const busy = "(flock 7; sleep 8) 7>/run/lock/queuehost-restore.lock & sleep 0.5;";
          expect(await faultOf(run(`${busy} bash ${PARTS}/restore.sh run ${id} redis tests`))).toBe(
            "queuehost: another restore is running",
          );
          expect(await faultOf(machine.restore("20000101-000000"))).toBe(
            "queuehost: there is no backup 20000101-000000 on this server",
          );
          expect(await machine.state()).toBe(SPOILT);
        });

        test("because somebody has locked the application names who", async () => {
          await server.release("lock", "anna", "migrating by hand");
          expect(await faultOf(machine.restore(id))).toMatch(/tiny is locked by anna since .*: migrating by hand/);
          await server.release("unlock", "anna");
          expect(await machine.state()).toBe(SPOILT);
        });

        test("because it is of a newer Redis touches nothing", async () => {
          await run(`
            odd=$FOLDER/20991231-235959; cp -a $FOLDER/${id} $odd; cd $odd; rm SHA256SUMS; printf REDIS0099 | dd of=redis.rdb conv=notrunc status=none
            sha256sum * >/root/sums; mv /root/sums SHA256SUMS; chown backup:backup *`);
          expect(await faultOf(machine.restore("20991231-235959"))).toMatch(
            /made by a newer Redis.*\n.*backup 20991231-235959 is not good; nothing was touched/,
          );
          await run("rm -r $FOLDER/20991231-235959");
          expect(await machine.state()).toBe(SPOILT);
          await inService();
        });
      });
    });
  });
});
