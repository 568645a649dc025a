import { beforeAll, describe, expect, test } from "vitest";
import { LACKS_MACHINES } from "../support/requires";
import { waitFor } from "../support/wait-for";
import { envOf, faultOf, PASSWORD } from "./support/app-server";
import { Pm2Server, PROCESSES } from "./support/pm2-server";
import { type TinyRelease, tinyRelease } from "./support/tiny-app";
import { useTwin } from "./support/twin";

/** Takes a second to finish what it runs, and then says so. */
const DRAINING = `const say = (...what) => require("node:fs").appendFileSync(process.env.STATE_DIR + "/said", what.join(" ") + "\\n");
say("started", process.env.QUEUES, process.env.QUEUE_CONCURRENCY, process.env.MOTTO);
process.on("SIGTERM", () => setTimeout(() => { say("finished", process.cwd()); process.exit(0); }, 1000));
setInterval(() => {}, 1000);
`;

describe.skipIf(LACKS_MACHINES)("an application under PM2 on a real machine", () => {
  useTwin((twin) => {
    let server: Pm2Server;
    let good: TinyRelease;
    let better: TinyRelease;
    beforeAll(async () => {
      server = await Pm2Server.make(twin, "pm2");
      good = release({ "worker.js": DRAINING });
      better = release({ "worker.js": `${DRAINING}\n` });
      await server.app.apply(envOf({ MOTTO: "one" }));
    });
    const release = (files: Record<string, string>) => tinyRelease(twin.stateDir, files);
    const folderOf = ({ id }: TinyRelease) => `/srv/tiny/releases/${id}`;
    const online = (side: string) =>
      ["backend", "backend", "worker-files", "worker-mail"].map(
        (process, index) => `tiny-${process}@${side}${index === 1 ? 2 : 1} online 0`,
      );
    const said = () => server.run("sort /var/lib/tiny/said; rm /var/lib/tiny/said");

    test("a release that needs PM2 is refused where it isn't", async () => {
      expect(await faultOf(server.deploy(good))).toMatch(
        /^queuehost: \/opt\/queuehost\/pm2\/\w+ is missing: this release runs under PM2, which isn't on the server\./,
      );
    });

    test("PM2 is installed once, from what was packed and nothing else", async () => {
      expect(await faultOf(server.install())).toContain("the upload of PM2 hasn't happened");
      await server.upload();
      await server.run(`cd /srv/tiny/incoming && cp pm2-*.tgz /root && echo more | gzip >>pm2-${server.pm2.id}.tgz`);
      expect(await faultOf(server.install())).toContain("its content isn't the PM2 that was packed");
      await server.run("mv /root/pm2-*.tgz /srv/tiny/incoming");
      expect(await server.install()).toMatch(/^PM2 [\d.]+ is in place\nPM2 [\d.]+ is installed$/);
      expect(await server.install()).toMatch(/^PM2 [\d.]+ is installed$/);
      expect(await server.run("ls /opt/queuehost/pm2; find /opt/queuehost/pm2 ! -user root -o -perm /022")).toBe(
        server.pm2.id,
      );
    });

    test("a release comes into service under it, the backend in cluster mode, each with its own environment", async () => {
      expect(await server.deploy(good)).toMatch(/is in service$/);
      expect(await server.app.health()).toEqual({ folder: folderOf(good), motto: "one" });
      expect(await server.noted("a")).toEqual(online("a"));
      expect(await said()).toBe("started  5 one\nstarted high,low 3 one");
      for (const port of [3000, 3001])
        expect(await server.run(`curl -s http://127.0.0.1:${port}/health`)).toContain(folderOf(good));
      expect(await server.asDeploy("pm2 status")).toMatch(
        /tiny-backend-1 .*│ cluster │(.*\n)+.*tiny-worker-mail .*│ fork /,
      );
      expect(await server.run("systemd-analyze security --no-pager tiny-pm2@a | tail -n 1")).toMatch(/: 1\.[01] OK/);
      expect(await server.red("pm2", true)).toEqual([]);
    });

    test("pm2 does for the user deploy what people know it for, from any folder", async () => {
      const before = await server.pids("a");
      await server.asDeploy("pm2 restart tiny-backend");
      const after = await server.pids("a");
      expect(after["tiny-backend@a1"]).not.toBe(before["tiny-backend@a1"]);
      expect(after["tiny-backend@a2"]).not.toBe(before["tiny-backend@a2"]);
      expect(after["tiny-worker-mail@a1"]).toBe(before["tiny-worker-mail@a1"]);
      expect(await server.noted("a")).toEqual(online("a"));
      expect(await server.asDeploy("pm2 logs tiny-backend --nostream | grep -c 'up, with'")).toBe("4");
      expect(await server.asDeploy("sudo timeout 5 pm2 logs tiny-backend | grep -c -m 4 'up, with'")).toBe("4");
      expect(await server.asDeploy("pm2 start ecosystem.config.js --only tiny-worker-mail")).toContain(
        "tiny-worker-mail](",
      );
      expect(await server.asDeploy("pm2 describe tiny-backend")).toContain("name tiny-backend-1");
      expect(await server.asDeploy("pm2 env 0")).toContain("MOTTO: one");
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a colour begins with
      expect(await server.asDeploy("script -qec 'pm2 status' /dev/null")).toMatch(/\x1b\[/);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: see above
      expect(await server.asDeploy("pm2 status")).not.toMatch(/\x1b\[/);
      for (const refused of ["update", "startup", "install pm2-logrotate", "link secret public"])
        expect(await server.asDeploy(`pm2 ${refused} || true`)).toContain("is not for this server");
      expect(await server.run("su nobody -s /bin/sh -c 'pm2 env 0; ls /var/lib/tiny-pm2/a' 2>&1 || true")).not.toMatch(
        /MOTTO|logs/,
      );
      await said();
    });

    test("the next release comes up on the other side, while the workers finish what they run", async () => {
      expect(await server.deploy(better)).toMatch(/is in service$/);
      expect(await server.app.health()).toMatchObject({ folder: folderOf(better) });
      expect(await server.noted("b")).toEqual(online("b"));
      expect(await server.app.running()).toBe("tiny-pm2-logs.timer tiny-pm2@b");
      const finished = `finished ${folderOf(good)}`;
      expect(await said()).toBe(`${finished}\n${finished}\nstarted  5 one\nstarted high,low 3 one`);
      expect(await server.run("systemctl is-enabled tiny-pm2@a tiny-pm2@b || true")).toBe("disabled\nenabled");
    });

    test.each([
      [
        "crashes",
        { "backend.js": "console.log('no ' + process.env.REDIS_PASSWORD); process.exit(3);" },
        "(exit status 3)",
      ],
      [
        "is killed",
        { "worker.js": "setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300);" },
        "(signal SIGKILL)",
      ],
      [
        "doesn't listen",
        { "backend.js": "setInterval(() => {}, 1000);" },
        "did not answer 200 to 399 at http://127.0.0.1:3000/health",
      ],
    ])("one that %s never gets traffic", async (_, files, reason) => {
      const before = await server.pids("b");
      const fault = await faultOf(server.deploy(release(files), { healthTimeoutSec: 20 }));
      expect(fault).toContain(reason);
      expect(fault).toContain(`release ${better.id} is still in service`);
      expect(fault).not.toContain(PASSWORD);
      if (reason.includes("exit status")) expect(fault).toContain("\n  | no [REDIS_PASSWORD]");
      expect(await server.pids("b")).toEqual(before);
      expect(await server.app.running()).toBe("tiny-pm2-logs.timer tiny-pm2@b");
    });

    test("the release before comes back", async () => {
      expect(await server.app.release("switch", "previous", "a test", "to see it")).toContain(
        `release ${good.id} is in service`,
      );
      expect(await server.app.health()).toMatchObject({ folder: folderOf(good) });
      expect(await server.noted("a")).toEqual(online("a"));
    });

    test("a restart on request is none by itself", async () => {
      expect(await server.app.release("restart", "a test", "to see it", "worker-mail")).toBe(
        "tiny-worker-mail@a1 runs anew",
      );
      expect(await server.noted("a")).toEqual(online("a"));
      expect(await server.app.release("status")).toMatch(/manager=pm2\n(instance=tiny-\S+ active \d+ 0 \d+\n?){4}/);
    });

    test("a daemon that is killed comes back with its processes, and so it does after a reboot", async () => {
      await server.run("systemctl kill -s KILL tiny-pm2@a");
      await waitFor("a new daemon", async () => (await server.run("systemctl show -P NRestarts tiny-pm2@a")) === "1");
      expect(await server.noted("a")).toEqual(online("a"));
      await waitFor("the backend", () => server.app.health());
      expect(await server.red()).toEqual(["PM2's daemon doesn't restart by itself"]);
      const boot = await server.run("cat /proc/sys/kernel/random/boot_id; uptime -s; stat -c %Z /proc/1");
      await server.run("reboot").catch(() => undefined);
      const again = () => server.run("cat /proc/sys/kernel/random/boot_id; uptime -s; stat -c %Z /proc/1");
      await waitFor("the reboot", async () => (await again()) !== boot, 40);
      await waitFor("the backend", () => server.app.health(), 20);
      expect(await server.noted("a")).toEqual(online("a"));
      expect(await server.app.health()).toMatchObject({ folder: folderOf(good) });
      expect(await server.app.running()).toBe("tiny-pm2-logs.timer tiny-pm2@a");
      expect(await server.red("pm2", true)).toEqual([]);
    });

    test("logs are cut where they grow too long, and go on", async () => {
      const log = "/var/lib/tiny-pm2/a/logs/tiny-backend@a1-out.log";
      await server.run(`head -c 12000000 /dev/zero | tr '\\0' x >>${log}; systemctl start tiny-pm2-logs`);
      expect(await server.run(`stat -c '%s %U %a' ${log}; stat -c '%s %U %a' ${log}.1 | cut -c 3-`)).toMatch(
        /^0 app 600\n\d+ app 600$/,
      );
      await server.asDeploy("pm2 restart tiny-backend");
      const goesOn = () => server.run(`head -c 200 ${log}`);
      await waitFor("a line in the log", async () => /^\d{4}-\d\d-\d\dT[\d:.]+\+00:00: up, with/.test(await goesOn()));
    });

    test("either manager takes over from the other, and PM2 leaves when nothing runs under it", async () => {
      await said();
      const count = PROCESSES.filter(({ name }) => name !== "backend").length;
      const best = release({ "worker.js": `${DRAINING}\n\n` });
      await server.deploy(best, { manager: "systemd" });
      expect(await server.app.health()).toMatchObject({ folder: folderOf(best) });
      expect(await server.install(false)).toBe("PM2 is gone; its logs stay");
      expect(await server.app.running()).toBe(
        "tiny-backend@b1 tiny-backend@b2 tiny-worker-files@b1 tiny-worker-mail@b1",
      );
      expect((await said()).split("\n").filter((line) => line === `finished ${folderOf(good)}`)).toHaveLength(count);
      expect(await server.red("systemd", true)).toEqual([]);
      await server.install();
      await server.deploy(best);
      expect(await server.app.running()).toBe("tiny-pm2-logs.timer tiny-pm2@a");
      expect((await said()).split("\n").filter((line) => line === `finished ${folderOf(best)}`)).toHaveLength(count);
      expect(await server.noted("a")).toEqual(online("a"));
      expect(await server.red("systemd")).toEqual(["PM2 is not installed", "no daemon of PM2 runs"]);
    });
  });
});
