import { beforeAll, describe, expect, test } from "vitest";
import type { Bundle } from "../../infra/bundles/bundle";
import { LACKS_MACHINES } from "../support/requires";
import { waitFor } from "../support/wait-for";
import { AppServer, appOf, envOf, faultOf, PROCESSES, processOf } from "./support/app-server";
import { BACKEND, type TinyRelease, tinyRelease } from "./support/tiny-app";
import { useTwin } from "./support/twin";

/** Where a change is killed: just before each of these lines of host/app/change.sh runs. */
const STEPS = [
  'make_free "$idle"',
  'lay_side "$idle" "$1"',
  'on "$idle" m_prepare "$idle"',
  'on "$idle" m_start "$idle"',
  'if ! gate "$idle" "$1"; then',
  'keep_release "$1" "$2"',
  'on "$idle" m_enable "$idle"',
  'swap_link "sides/$idle" live',
  '[ "$(readlink "$root/current")" = live/release ]',
  'if [ -n "$live" ]; then put_to_rest "$live"',
  'drain "$1"',
  'on "$1" m_disable "$1"',
];

/** The bundle whose change dies just before that line. */
function dyingAt(step: string, bundle: Bundle): Bundle {
  const files = bundle.files.map((file) => {
    if (file.path !== "change.sh") return file;
    const content = file.content.replace(`\n  ${step}`, () => `\n  kill -9 $$\n  ${step}`);
    if (content === file.content) throw new Error(`no such line: ${step}`);
    return { ...file, content };
  });
  return { ...bundle, files };
}

describe.skipIf(LACKS_MACHINES)("what is done with releases on a real machine", () => {
  useTwin((twin) => {
    let server: AppServer;
    let first: TinyRelease;
    let second: TinyRelease;
    const make = (files: Record<string, string>) => tinyRelease(twin.stateDir, files);
    const folderOf = ({ id }: TinyRelease) => `/srv/tiny/releases/${id}`;
    const list = async () => (await server.release("list")).split("\n").map((line) => line.split("\t"));
    const sideOf = (side: string) => `tiny-backend@${side}1 tiny-backend@${side}2 tiny-worker@${side}1`;
    const read = (path: string) => server.run(`readlink -f /srv/tiny/${path}`);

    beforeAll(async () => {
      server = await AppServer.make(twin, "rollback");
      await server.apply(envOf({ MOTTO: "one" }));
      first = make({ version: "1" });
      second = make({ version: "2" });
      await server.deploy(first);
      await server.deploy(second);
    });

    test("the second release runs on the other side, and the one before is at hand for its pages", async () => {
      expect(await server.running()).toBe(sideOf("b"));
      expect(await Promise.all([read("current"), read("previous")])).toEqual([folderOf(second), folderOf(first)]);
      expect((await list()).map(([id, state]) => `${id} ${state}`)).toEqual([`${second.id} live`, `${first.id} kept`]);
      const enabled = "systemctl list-unit-files --no-legend --state=enabled 'tiny-*' | cut -d ' ' -f 1 | xargs";
      expect(await server.run(enabled)).toBe(sideOf("b").replace(/(?= |$)/g, ".service"));
    });

    test("the status says what runs", async () => {
      const status = await server.release("status");
      expect(status).toMatch(
        new RegExp(`^name=tiny\nrelease=${second.id}\nsince=\\d+\nside=b\nmanager=systemd\n(instance=.*\n?){3}$`),
      );
      expect(status.match(/instance=.*/g)?.map((line) => line.replace(/ \d+ 0 \d+$/, " PID 0 BYTES"))).toEqual(
        sideOf("b")
          .split(" ")
          .map((instance) => `instance=${instance} active PID 0 BYTES`),
      );
    });

    test("goes back to the release before, with the secrets of now, and says so", async () => {
      await server.apply(envOf({ MOTTO: "rotated" }));
      expect(await server.release("switch", "previous", "anna@example.org", "too slow")).toContain(
        `release ${first.id} is in service`,
      );
      expect(await server.health()).toEqual({ folder: folderOf(first), motto: "rotated" });
      const [now, before] = await list();
      expect([now?.[0], now?.[1], now?.[3], now?.[5]]).toEqual([first.id, "live", "anna@example.org", ""]);
      expect([before?.[0], before?.[1], before?.[5]]).toEqual([second.id, "refused", "too slow"]);
      expect(await server.release("status")).toMatch(
        new RegExp(`\nrefused=${second.id}\t\\d+\tanna@example.org\ttoo slow$`),
      );
      expect(await server.release("audit", "1")).toMatch(
        new RegExp(`\tanna@example.org\tswitch to release ${first.id}\tdone$`),
      );
    });

    test("refuses what was taken back, until it is allowed", async () => {
      const before = await server.processes();
      expect(await faultOf(server.deploy(second))).toMatch(
        new RegExp(
          `^queuehost: release ${second.id} was taken back by anna@example.org at .* UTC: too slow\\. release ${first.id} is still in service\\. queuehost deploy --again lets it in$`,
        ),
      );
      expect(await faultOf(server.release("switch", "previous", "anna", "again"))).toMatch(
        /^queuehost: there is no release to go back to/,
      );
      expect(await server.processes()).toEqual(before);
      await server.release("allow", second.id, "anna@example.org");
      expect(await server.deploy(second)).toMatch(/is in service$/);
      expect(await faultOf(server.release("allow", second.id, "anna"))).toBe(
        `queuehost: release ${second.id} isn't refused on this server`,
      );
    });

    test("a release that isn't kept is named with those that are, and nothing is touched", async () => {
      const before = await server.processes();
      const fault = `queuehost: release 0123456789ab isn't kept on this server; it keeps ${second.id} ${first.id}. release ${second.id} is still in service`;
      expect(await faultOf(server.release("switch", "0123456789ab", "anna", "why"))).toBe(fault);
      const unknown = appOf({ ...first, id: "0123456789ab" }, { kept: true });
      expect(await faultOf(server.apply(unknown))).toBe(fault);
      expect(await server.processes()).toEqual(before);
    });

    test("holds a kept release without its artefact, and doesn't let an old line take back what came later", async () => {
      await server.run("rm /srv/tiny/incoming/*");
      expect(await faultOf(server.apply(appOf(first, { kept: true })))).toMatch(
        new RegExp(
          `^queuehost: app.release holds release ${first.id}, and ${second.id} came into service after it\\. To go back: `,
        ),
      );
      await server.release("switch", first.id, "anna", "held");
      await server.release("allow", second.id, "anna");
      expect(await server.apply(appOf(first, { kept: true }))).toBe(`release ${first.id} is already in service`);
      expect(await server.health()).toMatchObject({ folder: folderOf(first) });
      expect((await list()).map(([, state]) => state)).toEqual(["live", "kept"]);
    });

    test("a release whose port the proxy doesn't know isn't gone back to", async () => {
      const before = await server.processes();
      const settings = `/srv/tiny/kept/${second.id}/settings.sh`;
      await server.run(`sed -i "s/^port=.*/port='3100'/" ${settings}`);
      expect(await faultOf(server.release("switch", second.id, "anna", "why"))).toMatch(
        /was in service with app\.port 3100, and the proxy sends to 3000\. Set app\.port to 3100/,
      );
      await server.run(`sed -i "s/^port=.*/port='3000'/" ${settings}`);
      expect(await server.processes()).toEqual(before);
    });

    test("while it is locked nothing changes, and the fault says who, when and why", async () => {
      const before = await server.processes();
      await server.release("lock", "ben@example.org", "until the audit's over");
      const locked =
        /^queuehost: tiny is locked by ben@example.org since [-0-9]+ [:0-9]+ UTC: until the audit's over\. queuehost unlock lets changes in again$/;
      expect(await faultOf(server.deploy(second))).toMatch(locked);
      expect(await faultOf(server.apply(envOf({ MOTTO: "locked" })))).toMatch(locked);
      expect(await faultOf(server.release("switch", second.id, "anna", "x"))).toMatch(locked);
      expect(await faultOf(server.release("restart", "anna", "x"))).toMatch(locked);
      expect(await server.release("status")).toMatch(/\nlock_who=ben@example.org\nlock_when=\d+\nlock_why=until the/);
      expect(await server.processes()).toEqual(before);
      await server.release("unlock", "ben@example.org");
      expect(await server.release("unlock", "ben@example.org")).toBe("tiny isn't locked");
      expect(await server.release("status")).not.toContain("lock_");
    });

    test("a change that died doesn't lock anybody out", async () => {
      await server.run("printf 'who=deploy\\nwhen=1\\nwhy=deploying\\npid=999999\\n' >/srv/tiny/lock");
      expect(await server.release("status")).toContain("lock_dead=yes");
      expect(await server.release("restart", "anna", "a try")).toContain("taking over from a change that died: deploy");
      expect(await server.run("ls /srv/tiny/lock 2>&1 || true")).toContain("No such file");
    });

    test("restarts on the other side, or a group of workers in place, one instance after another", async () => {
      const side = await server.side();
      await server.release("restart", "anna", "a leak");
      expect(await server.side()).not.toBe(side);
      const before = await server.processes();
      expect(await server.release("restart", "anna", "a leak", "worker")).toMatch(/^tiny-worker@[ab]1 runs anew$/);
      const after = await server.processes();
      expect(after.filter((line) => !before.includes(line)).map((line) => line.split("@")[0])).toEqual(["tiny-worker"]);
      await server.release("restart", "anna", "a leak", "backend");
      expect(await server.side()).toBe(side);
      expect(await faultOf(server.release("restart", "anna", "x", "mail"))).toBe(
        "queuehost: mail is no process of tiny; it has backend worker",
      );
    });

    test("maintenance is a page of Caddy's with the reason as text", async () => {
      await server.release("maintenance", "on", "anna", "<b>{{env `HOME`}}</b> & \\1", "60");
      const page = await server.run("cat /srv/tiny/maintenance/index.html");
      expect(page).toContain("&lt;b&gt;&#123;&#123;env `HOME`}}&lt;/b&gt; &amp; \\1");
      expect(page).toContain('"60"');
      expect(await server.release("status")).toMatch(
        /\nmaintenance_who=anna\nmaintenance_when=\d+\nmaintenance_why=<b>/,
      );
      await server.release("maintenance", "off", "anna");
      expect(await server.run("ls -A /srv/tiny/maintenance")).toBe("");
      expect(await faultOf(server.release("maintenance", "on", "anna", "x", "soon"))).toContain("should be a number");
    });

    test.each(STEPS)("killed before `%s`, a side serves, and the next run heals", async (step) => {
      const live = (await server.health()) as { folder: string };
      const next = live.folder === folderOf(first) ? second : first;
      await server.upload(next);
      await faultOf(server.apply(dyingAt(step, appOf(next))));
      expect(await server.health()).toHaveProperty("motto", "rotated");
      expect(await server.apply(appOf(next))).toMatch(/is (already )?in service$/);
      expect(await server.health()).toMatchObject({ folder: folderOf(next) });
      expect(await server.running()).toBe(sideOf(await server.side()));
      const enabled = "systemctl list-unit-files --no-legend --state=enabled 'tiny-*' | wc -l";
      expect(await server.run(enabled)).toBe("3");
    });

    test("keeps as many as it is told, and always the two that pages refer to", async () => {
      const more = [3, 4].map((version) => make({ version: String(version) }));
      for (const release of more) await server.deploy(release, { keepReleases: 2 });
      expect((await list()).map(([id]) => id)).toEqual(more.map(({ id }) => id).reverse());
      const ids = more.map(({ id }) => id).sort();
      for (const folder of ["releases", "kept"])
        expect((await server.run(`ls /srv/tiny/${folder}`)).split("\n").sort()).toEqual(ids);
    });

    test("a worker that takes too much memory is ended alone, and started again", async () => {
      const hungry = make({
        "worker.js": `const held = [];
if (process.env.MOTTO === "hungry") setInterval(() => held.push(Buffer.alloc(16 << 20, 1)), 20);
setInterval(() => {}, 1000);\n`,
      });
      const processes = [
        ...PROCESSES.filter(({ name }) => name === "backend"),
        processOf("worker", "node worker.js", { memory: "128mb" }),
      ];
      await server.deploy(hungry, { processes });
      const before = await server.processes();
      const fault = await faultOf(server.apply(envOf({ MOTTO: "hungry" })));
      expect(fault).toMatch(/tiny-worker@[ab]1 ended again and again \((killed for want of memory|signal SIGKILL.*)\)/);
      expect(await server.processes()).toEqual(before);
      expect(await server.health()).toMatchObject({ folder: folderOf(hungry) });
      const score =
        "cat /proc/$(systemctl show -P MainPID $(systemctl list-units --plain --no-legend 'tiny-worker*' | cut -d ' ' -f 1))/oom_score_adj";
      expect(await server.run(score)).toBe("500");
      expect(Number(await server.run("cat /proc/$(systemctl show -P MainPID ssh)/oom_score_adj"))).toBeLessThan(500);
    });

    test("waits for the side that still finishes a job", async () => {
      const slow = make({
        "backend.js": `${BACKEND}\n`,
        "worker.js":
          'process.on("SIGTERM", () => setTimeout(() => process.exit(0), 4000));\nsetInterval(() => {}, 1000);\n',
      });
      await server.deploy(slow);
      const side = await server.side();
      await server.release("restart", "anna", "x");
      const states = () => server.run(`systemctl show -P ActiveState tiny-worker@${side}1`);
      expect(await states()).toBe("deactivating");
      expect(await server.release("restart", "anna", "x")).toContain(`waiting for side ${side} to end`);
      await waitFor("the other side to end", async () => !(await server.running()).includes("deactivating"), 30);
      expect(await server.side()).toBe(side);
    });
  });
});
