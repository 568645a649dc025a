import { beforeAll, describe, expect, test } from "vitest";
import { LACKS_MACHINES } from "../support/requires";
import { waitFor } from "../support/wait-for";
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
    const pids = () => server.pids("backend", "worker");

    test("the .env comes first, for root and the application alone", async () => {
      expect(await server.apply(envOf({ MOTTO: "one" }))).toBe(".env is in place; there is no release yet");
      expect(await server.run("stat -c '%a %U:%G' /srv/tiny/shared/.env")).toBe("640 root:app");
    });

    test("without its upload a release is refused, and nothing runs", async () => {
      expect(await faultOf(server.apply(appOf(good)))).toBe(
        `queuehost: /srv/tiny/incoming/${good.id}.tar.gz is missing: the upload of the release hasn't happened`,
      );
    });

    test("a release comes into service with the pinned Node, sandboxed", async () => {
      expect(await server.deploy(good)).toMatch(new RegExp(`release ${good.id} is in service$`));
      expect(await server.health()).toEqual({ ...served, motto: "one" });
      const levels = await server.run(
        "systemd-analyze security --no-pager tiny-backend tiny-worker | grep -oE 'service: [0-9.]+' | cut -c 10-",
      );
      expect(levels.split("\n").map(Number.parseFloat)).toEqual([1.1, 1.1]);
      const programs =
        "for pid in $(systemctl show -P MainPID tiny-backend tiny-worker); do readlink /proc/$pid/exe; done";
      expect(await server.run(`${programs} | sort -u`)).toMatch(/^\/opt\/queuehost\/node\/[\d.]+\/bin\/node$/);
      expect(await server.run("readlink /srv/tiny/current/.env")).toBe("/srv/tiny/shared/.env");
    });

    test("applied again, it changes nothing", async () => {
      const before = await pids();
      expect(await server.deploy(good)).toBe(`release ${good.id} is already in service`);
      expect(await server.apply(envOf({ MOTTO: "one" }))).toBe(".env is in service already");
      expect(await pids()).toBe(before);
    });

    test("a changed .env takes effect", async () => {
      expect(await server.apply(envOf({ MOTTO: "two" }))).toBe(".env is in service");
      expect(await server.health()).toMatchObject({ motto: "two" });
    });

    test("an .env that the application can't start with is taken back, and the reason shows no secret", async () => {
      const fault = await faultOf(server.apply(envOf({ MOTTO: "crash" })));
      expect(fault).toContain(
        "queuehost: .env: with it tiny-backend.service ended again and again; the old one is back",
      );
      expect(fault).toContain("up, with [REDIS_PASSWORD] and [REDIS_URL]");
      expect(fault).not.toContain(PASSWORD);
      expect(fault).not.toContain(ENCODED_PASSWORD);
      expect(await server.health()).toMatchObject({ motto: "two" });
    });

    test.each([
      [
        "whose backend doesn't start",
        { "backend.js": "throw new Error('no start');" },
        /tiny-backend\.service ended again and again/,
      ],
      [
        "that never answers",
        { "backend.js": "setInterval(() => {}, 1000);" },
        /tiny-backend\.service did not answer 200 to 399 at http:\/\/127\.0\.0\.1:3000\/health within 8 s \(Failed to connect/,
      ],
      [
        "whose health is bad",
        { "backend.js": BACKEND.replace("response.end", "response.writeHead(503).end") },
        /tiny-backend\.service did not answer 200 to 399 at .* within 8 s \(503\)/,
      ],
      [
        "whose worker dies after a second",
        { "worker.js": "setTimeout(() => process.exit(1), 1000);" },
        /tiny-worker\.service (does not stay up|ended again)/,
      ],
      [
        "whose backend answers, and crashes after half a second, again and again",
        { "backend.js": `${BACKEND}\nsetTimeout(() => process.exit(1), 500);` },
        /tiny-backend\.service/,
      ],
    ])("a release %s gives way to the one before", async (_, files, reason) => {
      const fault = await faultOf(server.deploy(release(files)));
      expect(fault).toMatch(reason);
      expect(fault).toContain(`release ${good.id} is back in service`);
      expect(await server.health()).toMatchObject(served);
    });

    test("a damaged upload is refused before anything is touched", async () => {
      const other = release({ "worker.js": "setInterval(() => {}, 2000);" });
      await server.run(`cp /srv/tiny/incoming/${good.id}.tar.gz /srv/tiny/incoming/${other.id}.tar.gz`);
      const before = await pids();
      expect(await faultOf(server.apply(appOf(other)))).toMatch(
        /is damaged: its content isn't the release that was built$/,
      );
      expect(await pids()).toBe(before);
    });

    test("a package that Debian doesn't have is named, and nothing is touched", async () => {
      const before = await pids();
      expect(await faultOf(server.deploy(good, { packages: ["no-such-package"] }))).toBe(
        "queuehost: app.packages: apt-get install of no-such-package failed: E: Unable to locate package no-such-package",
      );
      expect(await pids()).toBe(before);
    });

    test("a run that is killed in the middle is healed by the next", async () => {
      const broken = release({ "backend.js": "setInterval(() => {}, 500);" });
      const cut = faultOf(server.deploy(broken));
      const current = () => server.run("readlink /srv/tiny/current");
      await waitFor("the switch to the broken release", async () => (await current()).endsWith(broken.id), 30);
      await server.run("kill -9 $(pgrep -fx '/bin/sh ./apply.sh')");
      await cut;
      expect(await faultOf(server.apply(appOf(broken)))).toContain(`release ${good.id} is back in service`);
      expect(await server.health()).toMatchObject(served);
    });
  });
});
