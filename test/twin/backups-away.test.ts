// Long, because one machine serves all of it: to make one takes longer than any of its tests.
import { beforeAll, describe, expect, test } from "vitest";
import { whileItMayDelete } from "../../scripts/backups/box";
import { parseBackups, parseGone } from "../../scripts/backups/records";
import { AWAY_FAULTS } from "../e2e/faults/backups-away";
import type { Deployment } from "../support/deployment";
import { LACKS_MACHINES } from "../support/requires";
import { AppServer, faultOf } from "./support/app-server";
import { awayTo, makeBox, type TestBox } from "./support/away";
import { BackedUp, EXPECTED } from "./support/backups";
import { useTwin } from "./support/twin";

const FOLDER = { kind: "folder", path: "/mnt/backups" } as const;
const AWAY = { ...EXPECTED, EXPECT_BACKUPS_TO: "somewhere" };
const B = "/opt/queuehost/backups";
const C = "/etc/queuehost/backups";
/** Waits for the shipping that a backup starts by itself, and for what writes down its end: only then has the unit failed or not. */
const SETTLED = `settled() {
  for i in $(seq 1200); do case $(systemctl is-active queuehost-backup-ship) in *activating) sleep 0.1 ;; *) return 0 ;; esac; done
  echo 'the shipping has not come to an end' >&2; return 1
}; settled;`;

describe.skipIf(LACKS_MACHINES)("backups off a real machine", { timeout: 900_000 }, () => {
  useTwin((twin) => {
    let machine: BackedUp;
    beforeAll(async () => {
      machine = new BackedUp(await AppServer.make(twin, "away"), twin);
      await machine.setUp();
    });
    const run = (command: string) => machine.run(command);
    const list = async () => parseBackups(await run(`bash ${B}/backups.sh list`));
    const ids = async () => (await list()).away.map(({ id }) => id);
    const ship = () => run(`${SETTLED} bash ${B}/backups.sh ship tests`);
    const exposure = async () =>
      Number(
        await run(
          "systemd-analyze security --no-pager queuehost-backup-ship | grep -oE 'service: [0-9.]+' | cut -c 10-",
        ),
      );
    /** What a shipping says, and that the unit and the audit log say the same. */
    const refusal = async () => {
      const said = (await faultOf(ship())).replace("queuehost: not shipped: ", "");
      expect(
        await run("systemctl is-failed queuehost-backup-ship; tail -n 1 /var/log/queuehost/audit.log | cut -f 3-"),
      ).toBe(`failed\nbackup ship\tfailed: ${said}`);
      return said;
    };
    const spoiling = async (file: string, sed: string) => {
      await run(`cp -a ${file} /root/whole; sed -i '${sed}' ${file}`);
      return refusal().finally(() => run(`cp -a /root/whole ${file}`));
    };

    describe("to a folder", () => {
      test("that isn't there are refused, and all is as before", async () => {
        expect(await faultOf(machine.configure({ away: awayTo(FOLDER) }))).toContain(
          "queuehost: backups.to: should be a folder on the server, got /mnt/backups, which isn't there: is it mounted?",
        );
        expect(
          await run(`systemctl list-unit-files 'queuehost-backup-*' --no-legend | grep -cE 'ship|check' || :; ls ${C}`),
        ).toBe("0");
        expect(await machine.red()).toEqual([]);
      });

      test("are shipped, each once, and read back", async () => {
        await run(
          "mkdir -p /srv/disk /mnt/backups; mount -t tmpfs -o size=90m tmpfs /srv/disk; mount --bind /srv/disk /mnt/backups",
        );
        expect(await machine.configure({ away: awayTo(FOLDER) })).toContain("repository made: /mnt/backups");
        // Two at once, one of them not by the unit.
        await run(`(. ${B}/sandbox.sh; away ship) & bash ${B}/backups.sh ship tests; wait $!`);
        const { backups, away, place } = await list();
        expect(place).toBe("/mnt/backups");
        expect(away).toEqual(backups.map(({ id }) => expect.objectContaining({ id, here: true })));
        expect(await run(`ls /mnt/backups/queuehost/snapshots | wc -l`)).toBe(String(backups.length));
        expect(await machine.red(AWAY)).toEqual([]);
        expect(await exposure()).toBeLessThanOrEqual(1);
      });

      test("ship by themselves after each backup, within the bandwidth; no secret is in an argument", async () => {
        await run(`sed -i 's/^bandwidth=.*/bandwidth=4000/' ${B}/where.sh`);
        const seen = run(
          `for i in $(seq 600); do ps -eo args | grep -m 1 '^restic.* backup ' && break; sleep 0.05; done`,
        );
        const id = await machine.backup();
        expect(await seen).toMatch(/ --limit-upload 4000 backup .* --host tiny-server --tag \d{8}-\d{6} /);
        expect(await seen).not.toContain("correct-horse");
        await run(SETTLED);
        expect((await ids())[0]).toBe(id);
      });

      test("that was away for a while gets what it missed", async () => {
        await run("umount /mnt/backups");
        const missed = [await machine.backup(), await machine.backup()];
        expect(await refusal()).toBe("there is no repository at /mnt/backups any more; is it mounted?");
        expect((await machine.red(AWAY)).map((line) => line.replace(/ \(.*/, ""))).toEqual([
          "backups: the last shipping succeeded",
          "backups: backups.to is reached and opens",
        ]);
        expect(await run("ls -A /mnt/backups")).toBe("");
        await run("mount --bind /srv/disk /mnt/backups");
        await ship();
        expect((await ids()).slice(0, 2)).toEqual(missed.reverse());
        expect(await machine.red(AWAY)).toEqual([]);
      });

      test("with another password aren't begun anew", async () => {
        const why = "backups.password: does not open the repository at /mnt/backups; it was made with another one";
        expect(
          await faultOf(machine.configure({ away: awayTo(FOLDER, { password: "another-password-now" }) })),
        ).toContain(`queuehost: backups.to: ${why}`);
        expect(await machine.red(AWAY)).toEqual([]);
        expect(await spoiling(`${C}/password`, "s/^./X/")).toBe(why);
        expect((await list()).unreachable).toBeUndefined();
        await ship();
      });

      test("that is full, and one that goes while they are sent, say so and lose nothing", async () => {
        const before = await ids();
        await run("head -c 30M /dev/urandom >/srv/tiny/shared/uploads/large; fallocate -l 70M /srv/disk/other");
        const id = await machine.backup();
        expect(await refusal()).toBe("/mnt/backups is full");
        expect(await ids()).toEqual(before);
        await run("rm /srv/disk/other");
        expect(await ship()).toBe(id);
        // Slow enough to be met.
        await run(
          `head -c 30M /dev/urandom >/srv/tiny/shared/uploads/large; sed -i 's/^bandwidth=.*/bandwidth=1000/' ${B}/where.sh`,
        );
        await machine.backup();
        await run(
          `for i in $(seq 300); do ! pgrep -f 'limit-upload 1000' >/dev/null || break; sleep 0.1; done; pkill -KILL -f 'limit-upload 1000'; ${SETTLED} :`,
        );
        expect((await machine.red(AWAY)).join()).toContain("backups: the last shipping succeeded");
        await run(`sed -i 's/^bandwidth=.*/bandwidth=0/' ${B}/where.sh; rm /srv/tiny/shared/uploads/large`);
        await ship();
        expect(await machine.red(AWAY)).toEqual([]);
      });

      test("break the lock of a run that died, and name and wait for that of one that lives elsewhere", async () => {
        const check = `setpriv --reuid backup --regid backup --clear-groups restic --repo /mnt/backups/queuehost --no-cache --password-file /run/pw check`;
        const hold = (name: string) => `
          install -m 400 -o backup ${C}/password /run/pw
          unshare --uts sh -c "hostname ${name}; exec ${check}" >/dev/null 2>&1 & held=$!
          for i in $(seq 200); do [ -z "$(ls /mnt/backups/queuehost/locks)" ] || break; sleep 0.05; done; kill -STOP $held`;
        await run(
          `${hold("$(hostname)")}; kill -KILL $held; wait $held || :; [ -n "$(ls /mnt/backups/queuehost/locks)" ]`,
        );
        await machine.backup();
        await ship();
        expect(await run("ls /mnt/backups/queuehost/locks")).toBe("");
        await run(
          `sed -i 's/^patience=.*/patience=2s/' ${B}/repository.sh; ${hold("other-server")}; echo $held >/run/held`,
        );
        await machine.backup();
        // Whatever is found, it doesn't stay in the way of the tests after this one.
        const said = await refusal().finally(() => run("(sleep 5; kill -CONT $(cat /run/held)) >/dev/null 2>&1 &"));
        expect(said).toMatch(
          /^\/mnt\/backups is in use: locked exclusively by PID \d+ on other-server, .* ago; waited for 2s/,
        );
        const waiting = run(
          `sed -i 's/^patience=.*/patience=10m/' ${B}/repository.sh; bash ${B}/backups.sh ship tests`,
        );
        expect(await waiting).toMatch(/^\d{8}-\d{6}$/);
      });

      test("come back, also for a restore of one that is nowhere else", async () => {
        await machine.seed();
        const id = await machine.backup();
        await ship();
        await run(`cli flushall >/dev/null; mv $FOLDER/${id} /root/gone`);
        expect((await list()).backups.map((one) => one.id)).not.toContain(id);
        await machine.restore(id);
        expect(await machine.state()).toBe("50 0 1 1000 invoice state");
        expect(
          await run(
            `diff -r $FOLDER/${id} /root/gone && rm -r /root/gone && stat -c '%U %a' $FOLDER/${id} $FOLDER/${id}/* | sort -u`,
          ),
        ).toBe("backup 600\nbackup 700");
        expect(await faultOf(run(`bash ${B}/backups.sh fetch 20000101-000000`))).toBe(
          "queuehost: there is no backup 20000101-000000, neither on this server nor at /mnt/backups",
        );
      });

      test("that another server sent are listed as its own, by one that has sent nothing yet", async () => {
        // The restore before this one has made a backup, too.
        await run(SETTLED);
        const sent = await ids();
        await run(
          `cp /etc/machine-id /root/; cp -a /var/lib/queuehost-backup/shipped /root/; : >/var/lib/queuehost-backup/shipped`,
        );
        // What this one sent, and didn't read back, doesn't count.
        expect(await ids()).toEqual([]);
        await run("tr 0-9a-f a-f0-9 </root/machine-id >/etc/machine-id");
        const { away } = await list();
        await run("cp /root/machine-id /etc/; cp -a /root/shipped /var/lib/queuehost-backup/");
        expect(away.map(({ id, here }) => [id, here])).toEqual(sent.map((id) => [id, false]));
      });

      test("go when they have had their time, but for the newest that is there", async () => {
        await run(`${SETTLED} sed -i "s/^keep=.*/keep='2'/; s/^keep_daily=.*/keep_daily='0'/" ${B}/settings.sh`);
        await machine.backup();
        await ship();
        expect(await ids()).toEqual((await run("ls -r $FOLDER | head -n 2")).split("\n"));
        await run(`sed -i "s/^keep=.*/keep='40'/; s/^keep_daily=.*/keep_daily='2'/" ${B}/settings.sh`);
      });

      test("are checked: a bit that turned is found", async () => {
        await run("systemctl start queuehost-backup-check");
        await run(`pack=$(find /mnt/backups/queuehost/data -type f -size -60k | head -n 1); chmod u+w $pack; cp -a $pack /root/pack; echo $pack >/root/where
          printf '\\377\\377' | dd of=$pack bs=1 seek=60 conv=notrunc status=none; ! systemctl start queuehost-backup-check 2>/dev/null`);
        const red = await machine.red(AWAY);
        expect(red).toEqual([
          expect.stringMatching(/what is off the server was checked \(failed \/mnt\/backups is damaged: /),
        ]);
        await run("cp -a /root/pack $(cat /root/where); systemctl start queuehost-backup-check");
        expect(await machine.red(AWAY)).toEqual([]);
      });

      describe("verification turns red", () => {
        const deployment = {
          subject: async () => ({ expected: AWAY }),
          onServer: (command: string) => run(command),
        } as unknown as Deployment;
        test.each(AWAY_FAULTS)("when $name", async ({ make, mend, red }) => {
          await make(deployment);
          const seen = await machine.red(AWAY).finally(() => mend(deployment));
          expect(seen.map((line) => line.replace(/ \(.*/, "")).sort()).toEqual([...(red as string[])].sort());
          expect(await machine.red(AWAY)).toEqual([]);
        });
      });

      test("no longer wanted leave nothing that runs", async () => {
        await machine.configure();
        expect(
          await run(`systemctl list-unit-files 'queuehost-backup-*' --no-legend | grep -cE 'ship|check' || :; ls ${C}`),
        ).toBe("0");
        expect(await machine.red()).toEqual([]);
      });
    });

    describe("to a Storage Box", () => {
      let box: TestBox;
      beforeAll(async () => {
        box = await makeBox(twin);
        await machine.configure({ away: awayTo(box.target, { appendOnly: true }) });
      });

      test("are shipped over restic's protocol, with the pinned host key", async () => {
        const newest = await ship();
        expect((await ids())[0]).toBe(newest);
        expect((await list()).place).toBe(`Storage Box ${box.target.user}@${box.target.host}`);
        expect(await machine.red(AWAY)).toEqual([]);
        expect(await exposure()).toBeLessThanOrEqual(1);
      });

      test("can't be deleted by the server, whatever it tries", async () => {
        await machine.backup();
        await ship();
        const { away } = await list();
        const before = away.map(({ id }) => id);
        const restic = `setpriv --reuid backup --regid backup --clear-groups env HOME=/tmp RESTIC_PASSWORD_FILE=${C}/password restic -q --no-cache -r rclone:queuehost -o 'rclone.program=ssh -F ${C}/ssh_config -i ${C}/key box rclone' -o 'rclone.args=serve restic --stdio'`;
        // It ends with 0 all the same.
        for (const attempt of [
          "forget --unsafe-allow-remove-all --host tiny-server --group-by host --keep-last 1 --prune",
          `forget ${away[0]?.snapshot}`,
        ])
          expect(await run(`${restic} ${attempt} 2>&1 || :`)).toContain("403 Forbidden");
        // Not what it asks for runs there.
        await run(`timeout 10 ssh -F ${C}/ssh_config -i ${C}/key box rm -r queuehost </dev/null >/dev/null 2>&1 || :`);
        expect(await ids()).toEqual(before);
        await run(`sed -i "s/^keep=.*/keep='1'/; s/^keep_daily=.*/keep_daily='0'/" ${B}/settings.sh`);
        expect(await faultOf(run(`bash ${B}/backups.sh prune now tests </dev/null`))).toMatch(
          /lets this server add, and not delete$/,
        );
        await ship();
        expect(await ids()).toEqual(before);
      });

      test("are pruned from the operator's side, which confines the server again", async () => {
        const old = parseGone(await run(`bash ${B}/backups.sh prune dry tests </dev/null`));
        expect(old.length).toBeGreaterThan(0);
        await whileItMayDelete(box.owner, () => run(`bash ${B}/backups.sh prune now tests </dev/null`));
        expect(await ids()).toHaveLength(1);
        await expect(whileItMayDelete(box.owner, () => Promise.reject(new Error("cut")))).rejects.toThrow("cut");
        await run(`sed -i "s/^keep=.*/keep='40'/; s/^keep_daily=.*/keep_daily='2'/" ${B}/settings.sh`);
        await machine.backup();
        await ship();
        await run(`sed -i "s/^keep=.*/keep='1'/" ${B}/settings.sh`);
        expect(await faultOf(run(`bash ${B}/backups.sh prune now tests </dev/null`))).toMatch(
          /lets this server add, and not delete$/,
        );
        await run(`sed -i "s/^keep=.*/keep='40'/" ${B}/settings.sh`);
      });

      test.each([
        [
          "shows another host key",
          "known_hosts",
          "s/ssh-ed25519 .*/ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIICf9svRenC\\/PLKIL9nk6K\\/pxQgoiFC41wTNvoIncOxs/",
          /^the host key of Storage Box .* is not storageBox.hostKey/,
        ],
        [
          "has no address",
          "ssh_config",
          "s/HostName.*/HostName box.invalid/",
          /^Storage Box .* can not be found: its name is not known to DNS$/,
        ],
        ["doesn't answer", "ssh_config", "s/Port.*/Port 24/", /^Storage Box .* does not answer: Connection refused$/],
        [
          "is asked for by another user",
          "ssh_config",
          "s/User .*/User nobody/",
          /^Storage Box .* refuses the server's key$/,
        ],
      ])("that %s is named", async (_, file, sed, why) => {
        expect(await spoiling(`${C}/${file}`, sed)).toMatch(why);
      });

      test("that is full, and one that is cut off midway, get them later", async () => {
        await box.resize(1_000_000);
        await run("head -c 8M /dev/urandom >/srv/tiny/shared/uploads/large");
        const id = await machine.backup();
        expect(await refusal()).toMatch(/^Storage Box .* is full$/);
        await box.resize(null);
        await run(`sed -i 's/^bandwidth=.*/bandwidth=500/' ${B}/where.sh; systemctl start --no-block queuehost-backup-ship
          line() { pgrep -P "$(pgrep -of '^restic .*limit-upload 500')" -x ssh; }
          sent() { p=$(line) && [ "$(sed -n 's/^wchar: //p' /proc/$p/io)" -gt 1000000 ]; }
          for i in $(seq 600); do ! sent || break; sleep 0.1; done; kill -KILL $p; ${SETTLED} systemctl is-failed queuehost-backup-ship`);
        expect(await ids()).not.toContain(id);
        await run(`sed -i 's/^bandwidth=.*/bandwidth=0/' ${B}/where.sh; rm /srv/tiny/shared/uploads/large`);
        expect(await ship()).toBe(id);
        expect(await machine.red(AWAY)).toEqual([]);
      });
    });
  });
});
