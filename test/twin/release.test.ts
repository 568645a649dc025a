import { beforeAll, describe, expect, test } from "vitest";
import { LACKS_MACHINES } from "../support/requires";
import { AppServer, appOf, ENCODED_PASSWORD, envOf, faultOf, PASSWORD } from "./support/app-server";
import { BACKEND, type TinyRelease, tinyRelease } from "./support/tiny-app";
import { useTwin } from "./support/twin";

describe.skipIf(LACKS_MACHINES)("a release on a real machine", () => {
  useTwin((twin) => {
    let server: AppServer;
    let good: TinyRelease;
    let served: object;
    beforeAll(async () => {
      server = await AppServer.make(twin, "release");
      good = tinyRelease(twin.stateDir);
      served = { folder: `/srv/tiny/releases/${good.id}` };
    });
    const release = (files: Record<string, string>) => tinyRelease(twin.stateDir, files);
    const sideOf = (side: string) => `tiny-backend@${side}1 tiny-backend@${side}2 tiny-worker@${side}1`;

    test("the .env comes first, for root and the application alone", async () => {
      expect(await server.apply(envOf({ MOTTO: "one" }))).toBe(".env is in place, for the next release");
      expect(await server.run("stat -c '%a %U:%G' /srv/tiny/shared/.env")).toBe("640 root:app");
    });

    test("without its upload a release is refused, and nothing runs", async () => {
      expect(await faultOf(server.apply(appOf(good)))).toBe(
        `queuehost: /srv/tiny/incoming/${good.id}.tar.gz is missing: the upload of the release hasn't happened`,
      );
    });

    test("the first one that doesn't come up leaves nothing running", async () => {
      const broken = release({ "worker.js": "console.log('no worker'); process.exit(7);" });
      const fault = await faultOf(server.deploy(broken));
      expect(fault.replace(/(\n {2}\| no worker)+$/, "$1")).toBe(
        `queuehost: release ${broken.id}: tiny-worker@a1 ended again and again (exit status 7); nothing is running. Its last lines:\n  | no worker`,
      );
      expect(await server.running()).toBe("");
      expect(
        await server.run("ls /srv/tiny/kept; cat /srv/tiny/lock 2>/dev/null; readlink /srv/tiny/live || true"),
      ).toBe("");
    });

    test("a release comes into service with the pinned Node, sandboxed", async () => {
      expect(await server.deploy(good)).toMatch(new RegExp(`release ${good.id} is in service$`));
      expect(await server.health()).toEqual({ ...served, motto: "one" });
      expect(await server.running()).toBe(sideOf("a"));
      const levels = await server.run(
        "systemd-analyze security --no-pager tiny-backend@a1 tiny-worker@a1 | grep -oE 'service: [0-9.]+' | cut -c 10-",
      );
      expect(levels.split("\n").map(Number.parseFloat)).toEqual([1.1, 1.1]);
      const programs =
        "for pid in $(systemctl show -P MainPID tiny-backend@a1 tiny-worker@a1); do readlink /proc/$pid/exe; done";
      expect(await server.run(`${programs} | sort -u`)).toMatch(/^\/opt\/queuehost\/node\/[\d.]+\/bin\/node$/);
      expect(await server.run("readlink /srv/tiny/current/.env")).toBe("/srv/tiny/shared/.env");
    });

    test("applied again, it changes nothing", async () => {
      const before = await server.processes();
      expect(await server.deploy(good)).toBe(`release ${good.id} is already in service`);
      expect(await server.apply(envOf({ MOTTO: "one" }))).toBe(".env is in service already");
      expect(await server.processes()).toEqual(before);
    });

    test("a changed .env takes effect, on the other side", async () => {
      expect(await server.apply(envOf({ MOTTO: "two" }))).toBe(".env is in service");
      expect(await server.health()).toMatchObject({ motto: "two" });
      expect(await server.running()).toBe(sideOf("b"));
      expect(await server.run("ls -l /srv/tiny/sides/b | grep -c previous || true")).toBe("0");
    });

    test("an .env that the application can't start with is taken back, and the reason shows no secret", async () => {
      const before = await server.processes();
      const fault = await faultOf(server.apply(envOf({ MOTTO: "crash" })));
      expect(fault).toContain(
        `queuehost: .env: the application doesn't come up with it, and the old one is back: release ${good.id}: tiny-backend@a`,
      );
      expect(fault).toContain("up, with [REDIS_PASSWORD] and [REDIS_URL]");
      expect(fault).not.toContain(PASSWORD);
      expect(fault).not.toContain(ENCODED_PASSWORD);
      expect(await server.health()).toMatchObject({ motto: "two" });
      expect(await server.running()).toBe(sideOf("b"));
      expect(await server.processes()).toEqual(before);
      expect(await server.run("grep MOTTO /srv/tiny/shared/.env")).toBe("MOTTO='two'");
    });

    test.each([
      [
        "whose backend doesn't start",
        { "backend.js": "throw new Error('no start');" },
        /tiny-backend@a[12] ended again and again \(exit status 1\)/,
      ],
      [
        "whose backend is killed",
        { "backend.js": "process.kill(process.pid, 'SIGKILL');" },
        /tiny-backend@a[12] ended again and again \(signal SIGKILL,/,
      ],
      [
        "that never answers",
        { "backend.js": "setInterval(() => {}, 1000);" },
        /tiny-backend@a[12] did not answer 200 to 399 at http:\/\/127\.0\.0\.1:300[01]\/health within 8 s \(Failed to connect/,
      ],
      [
        "of which one backend never answers",
        { "backend.js": `if (process.env.PORT === "3001") setInterval(() => {}, 1000); else {\n${BACKEND}}` },
        /tiny-backend@a2 did not answer 200 to 399 at http:\/\/127\.0\.0\.1:3001\/health within 8 s/,
      ],
      [
        "whose health is bad",
        { "backend.js": BACKEND.replace("response.end", "response.writeHead(503).end") },
        /tiny-backend@a[12] did not answer 200 to 399 at .* within 8 s \(503\)/,
      ],
      [
        "whose worker dies after half a second",
        { "worker.js": "setTimeout(() => process.exit(1), 500);" },
        /tiny-worker@a1 (does not stay up|ended again)/,
      ],
      [
        "whose backend answers, and crashes after half a second, again and again",
        { "backend.js": `${BACKEND}\nsetTimeout(() => process.exit(1), 500);` },
        /tiny-backend@a/,
      ],
    ])("a release %s never gets traffic, and the one before hasn't noticed", async (_, files, reason) => {
      const before = await server.processes();
      const fault = await faultOf(server.deploy(release(files)));
      expect(fault).toMatch(reason);
      expect(fault).toContain(`release ${good.id} is still in service`);
      expect(await server.health()).toMatchObject(served);
      expect(await server.running()).toBe(sideOf("b"));
      expect(await server.processes()).toEqual(before);
    });

    test("a damaged upload is refused before anything is touched", async () => {
      const other = release({ "worker.js": "setInterval(() => {}, 2000);" });
      await server.run(`cp /srv/tiny/incoming/${good.id}.tar.gz /srv/tiny/incoming/${other.id}.tar.gz`);
      const before = await server.processes();
      expect(await faultOf(server.apply(appOf(other)))).toMatch(
        /is damaged: its content isn't the release that was built$/,
      );
      expect(await server.processes()).toEqual(before);
    });

    test("a package that Debian doesn't have is named, and nothing is touched", async () => {
      const before = await server.processes();
      expect(await faultOf(server.deploy(good, { packages: ["no-such-package"] }))).toBe(
        "queuehost: app.packages: apt-get install of no-such-package failed: E: Unable to locate package no-such-package",
      );
      expect(await server.processes()).toEqual(before);
    });

    test("the audit log says who changed what, and how it ended", async () => {
      const log = (await server.release("audit", "100")).split("\n").map((line) => line.split("\t"));
      expect(log.every(([time]) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(time ?? ""))).toBe(true);
      expect(new Set(log.map(([, who]) => who))).toEqual(new Set([log[0]?.[1]]));
      expect(log[0]?.[1]).toMatch(/^deploy from [\d.]+$/);
      const entries = log.map(([, , what, result]) => `${what}: ${result}`);
      expect(entries).toContain(`app ${good.id}: done`);
      expect(
        entries.filter((entry) => /^env: failed: \.env: the application doesn't come up/.test(entry)),
      ).toHaveLength(1);
      expect(log.join()).not.toContain(PASSWORD);
      expect(await server.run("stat -c '%a %U:%G' /var/log/queuehost/audit.log")).toBe("640 root:adm");
    });
  });
});
