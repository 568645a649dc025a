import { execFileSync } from "node:child_process";
import { beforeAll, describe, expect, test } from "vitest";
import { LACKS_MACHINES } from "../support/requires";
import { AppServer, appOf, envOf, faultOf, PROCESSES, processOf, runtime } from "./support/app-server";
import { BACKEND, type TinyRelease, tinyRelease } from "./support/tiny-app";
import { useTwin } from "./support/twin";

/** Takes a second to finish what it runs, and then says so. */
const DRAINING = `const { appendFileSync } = require("node:fs");
const say = (what) => appendFileSync(process.env.STATE_DIR + "/jobs", what + " " + process.cwd() + "\\n");
process.on("SIGTERM", () => setTimeout(() => { say("finished"); process.exit(0); }, 1000));
setInterval(() => {}, 1000);
`;

/** As an earlier version of this project wrote them, for releases with a folder a process. */
const oldUnit = (process: string) => `[Service]
Type=exec
User=app
Group=app
WorkingDirectory=/srv/tiny/current/${process}
EnvironmentFile=/srv/tiny/shared/.env
ExecStart=/opt/queuehost/node/${runtime.version}/bin/node main.cjs
StateDirectory=tiny
Restart=always
KillMode=mixed
[Install]
WantedBy=multi-user.target
`;

describe.skipIf(LACKS_MACHINES)("an application on a real machine", () => {
  useTwin((twin) => {
    let server: AppServer;
    let good: TinyRelease;
    beforeAll(async () => {
      server = await AppServer.make(twin, "app");
      good = tinyRelease(twin.stateDir, { "worker.js": DRAINING });
    });
    const release = (files: Record<string, string>) => tinyRelease(twin.stateDir, files);
    /** What runs, without the side and the number. */
    const active = async () =>
      [...new Set((await server.running()).split(" ").map((unit) => unit.replace(/@.*/, "")))].join(" ");
    const installed = () => server.run("cd /etc/systemd/system && ls -d tiny-* multi-user.target.wants/tiny-* | xargs");
    const legacy = async () => JSON.parse(await server.run("curl -sS http://127.0.0.1:3000/health"));
    const folderOf = ({ id }: TinyRelease) => `/srv/tiny/releases/${id}`;

    describe("that an earlier version of this project has deployed", () => {
      const OLD = "0123456789ab";
      const old = { folder: `/srv/tiny/releases/${OLD}/backend` };

      beforeAll(async () => {
        await server.apply(envOf());
        const files = { "backend/main.cjs": BACKEND, "worker/main.cjs": DRAINING };
        const base64 = (text: string) => Buffer.from(text).toString("base64");
        const { url, version } = runtime;
        await server.run(
          [
            "set -e",
            `node=/opt/queuehost/node/${version}; mkdir -p $node; curl -fsS ${url} | tar -xzC $node --strip-components=1 package/bin/node`,
            "cd $node; sha256sum bin/node >SHA256SUMS",
            `cd /srv/tiny/releases; mkdir -p ${OLD}/backend ${OLD}/worker; ln -s ../../../shared/.env ${OLD}/backend/.env`,
            ...Object.entries(files).map(([path, text]) => `echo ${base64(text)} | base64 -d >${OLD}/${path}`),
            `ln -s releases/${OLD} /srv/tiny/current; echo ${OLD} >/srv/tiny/in-service`,
            ...["backend", "worker"].map(
              (process) => `echo ${base64(oldUnit(process))} | base64 -d >/etc/systemd/system/tiny-${process}.service`,
            ),
            "systemctl daemon-reload; systemctl enable --quiet --now tiny-backend tiny-worker",
          ].join("\n"),
        );
      });

      test("goes on while its .env changes, which is for the release that follows", async () => {
        const before = await server.processes();
        expect(await server.apply(envOf({ MOTTO: "new" }))).toBe(".env is in place, for the next release");
        expect(await legacy()).toEqual(old);
        expect(await server.processes()).toEqual(before);
      });

      test("isn't joined by one of another name", async () => {
        const fault = await faultOf(server.apply(envOf({}, "other")));
        expect(fault).toContain("app.name: this server runs tiny. Set app.name back to tiny");
        expect(await server.run("ls /srv")).toBe("tiny");
      });

      test("hasn't noticed a failing release", async () => {
        const before = await server.processes();
        const broken = release({ "backend.js": "throw new Error('no start');" });
        expect(await faultOf(server.deploy(broken))).toContain(`release ${OLD} is still in service`);
        expect(await legacy()).toEqual(old);
        await server.running();
        expect(await server.processes()).toEqual(before);
        expect(await server.run("readlink -f /srv/tiny/current")).toBe(`/srv/tiny/releases/${OLD}`);
      });

      test("is side a, and gives way to the first release on side b; its worker finishes what it runs", async () => {
        await server.run("rm -f /var/lib/tiny/jobs");
        expect(await server.deploy(good)).toMatch(/is in service$/);
        expect(await server.health()).toMatchObject({ folder: folderOf(good), motto: "new" });
        expect(await server.side()).toBe("b");
        await server.running();
        expect(await server.run("cat /var/lib/tiny/jobs")).toBe(`finished /srv/tiny/releases/${OLD}/worker`);
        expect(await server.run("readlink -f /srv/tiny/previous; ls /srv/tiny/in-service 2>/dev/null || true")).toBe(
          `/srv/tiny/releases/${OLD}`,
        );
        await server.release("restart", "anna", "the other side");
        expect(await installed()).not.toMatch(/tiny-(backend|worker)\.service/);
      });
    });

    test("gets workers by groups, and a group that is no longer asked for finishes what it runs", async () => {
      const mail = processOf("worker-mail", "cd . && node worker.js");
      await server.deploy(good, { processes: [...PROCESSES, mail] });
      expect(await active()).toBe("tiny-backend tiny-worker-mail tiny-worker");
      await server.run("rm -f /var/lib/tiny/jobs");
      await server.apply(appOf(good));
      expect(await active()).toBe("tiny-backend tiny-worker");
      expect(await server.run("sort -u /var/lib/tiny/jobs")).toBe(`finished ${folderOf(good)}`);
    });

    test("runs with other limits though the release is the same", async () => {
      const limited = (memory: string) => PROCESSES.map((one) => ({ ...one, memory }));
      const limits = async () => {
        const side = await server.run("basename $(readlink /srv/tiny/live)");
        return `${await server.run(`systemctl show -P MemoryMax 'tiny-*@${side}*' | sort -u | xargs`)} on ${side}`;
      };
      await server.deploy(good, { processes: limited("300mb") });
      const before = await limits();
      expect(before).toMatch(/^314572800 on [ab]$/);
      expect(await server.apply(appOf(good, { processes: limited("400mb") }))).toMatch(/is in service$/);
      expect(await limits()).toBe(`419430400 on ${before.endsWith("a") ? "b" : "a"}`);
    });

    test("has as many instances as it is told, each with its own port and settings", async () => {
      const told = ["PORT", "QUEUES", "QUEUE_CONCURRENCY"].map((key) => `process.env.${key}`).join(", ");
      const says = `require("node:http").createServer((_, response) => response.end([${told}].join())).listen(process.env.PORT);`;
      const processes = [
        processOf("backend", "node backend.js", { instances: 3, concurrency: 7 }),
        processOf("worker", "env | grep -E '^(QUEUE|PORT)' | sort >$STATE_DIR/said; exec node worker.js", {
          queues: ["high", "low"],
        }),
      ];
      await server.deploy(release({ "backend.js": says, "worker.js": DRAINING }), { processes });
      const first = Number(await server.run("sed s/PORT=// /srv/tiny/live/env"));
      const ports = [first, first + 1, first + 2];
      const answers = await Promise.all(ports.map((port) => server.run(`curl -s http://127.0.0.1:${port}/`)));
      expect(answers).toEqual(ports.map((port) => `${port},,7`));
      expect(await server.run("cat /var/lib/tiny/said")).toMatch(
        /^PORT=3000\nQUEUES=high,low\nQUEUE_CONCURRENCY=5\nQUEUE_ENABLED=/,
      );
    });

    test("keeps its groups when the release that has others doesn't come up", async () => {
      await server.deploy(good);
      const broken = release({ "worker.js": "process.exit(1);" });
      const processes = [
        ...PROCESSES.filter(({ name }) => name === "backend"),
        processOf("worker-files", "node worker.js"),
      ];
      const fault = await faultOf(server.deploy(broken, { processes }));
      expect(fault).toMatch(
        /tiny-worker-files@[ab]1 ended again and again \(exit status 1\); release \w+ is still in service/,
      );
      expect(await active()).toBe("tiny-backend tiny-worker");
    });

    test("keeps its folders from release to release, for itself alone", async () => {
      const writes = `require("node:fs").appendFileSync("data/uploads/list", process.cwd() + "\\n");\n`;
      const first = release({ "backend.js": writes + BACKEND, "data/uploads/.gitkeep": "" });
      const second = release({ "backend.js": `${writes}${BACKEND}\n` });
      const folders = ["data/uploads"];
      await server.deploy(first, { folders });
      await server.deploy(second, { folders });
      // Two instances each.
      expect(await server.run("uniq /srv/tiny/shared/data/uploads/list")).toBe(
        `${folderOf(first)}\n${folderOf(second)}`,
      );
      expect(await server.run("stat -c '%U:%G %a' /srv/tiny/shared/data/uploads")).toBe("app:app 750");
      // Nothing else of the release can be written.
      const careless = release({ "backend.js": `require("node:fs").writeFileSync("other", "");` });
      expect(await faultOf(server.deploy(careless, { folders }))).toContain("EROFS: read-only file system");
    });

    test("is migrated before it takes over, and a failing migration keeps it out", async () => {
      await server.deploy(good);
      const before = await server.processes();
      const next = release({ "migrate.js": "console.log('no table', process.env.REDIS_PASSWORD); process.exit(3);" });
      const fault = await faultOf(server.deploy(next, { migrate: "node migrate.js" }));
      expect(fault).toContain(
        `release ${next.id}: tiny-migrate.service failed (exit-code, exit code 3); release ${good.id} is still in service. Its last lines:\n  | no table [REDIS_PASSWORD]`,
      );
      expect(await server.processes()).toEqual(before);
      expect(await installed()).not.toContain("migrate");
      const says = "require('node:fs').appendFileSync(process.env.STATE_DIR + '/migrated', process.cwd() + '\\n');";
      const mended = release({ "migrate.js": says });
      await server.deploy(mended, { migrate: "node migrate.js" });
      await server.apply(appOf(mended, { migrate: "node migrate.js", smokeTest: "true" }));
      await server.deploy(good, { migrate: "false || true" });
      // Going back to what was migrated before doesn't migrate again.
      await server.apply(appOf(mended, { migrate: "node migrate.js" }));
      expect(await server.run("cat /var/lib/tiny/migrated")).toBe(folderOf(mended));
    });

    test("runs a command as it was typed, in its folder inside the release", async () => {
      const command = `printf '%s|' "a\\"b" 'c\\d' "$NOTHING" '$HOME' 100% '%h' ü ";" "\${PORT:-0}"; pwd`;
      const nested = release({ "apps/tiny/backend.js": BACKEND, "apps/tiny/worker.js": DRAINING });
      await server.deploy(nested, { folder: "apps/tiny", smokeTest: command });
      await server.run("systemctl start tiny-smoke-test; journalctl --sync");
      const seen = await server.run("journalctl -u tiny-smoke-test _TRANSPORT=stdout -o cat -n 1");
      const expected = execFileSync("bash", ["--norc", "-c", command], {
        env: { PORT: await server.run("sed s/PORT=// /srv/tiny/live/env") },
        cwd: "/",
      }).toString();
      expect(seen).toBe(expected.trim().replace(/\/$/, `${folderOf(nested)}/apps/tiny`));
      expect(await server.run("readlink /srv/tiny/current/apps/tiny/.env")).toBe("/srv/tiny/shared/.env");
    });

    test("may have workers alone, or static files alone", async () => {
      await server.deploy(good, { processes: PROCESSES.filter(({ name }) => name === "worker") });
      expect(await active()).toBe("tiny-worker");
      expect(await server.apply(envOf({ MOTTO: "quiet" }))).toBe(".env is in service");
      expect(await server.deploy(good, { processes: [] })).toMatch(/is in service$/);
      expect(await active()).toBe("");
      expect(await server.apply(envOf({ MOTTO: "loud" }))).toBe(".env is in service");
      expect(await server.deploy(good)).toMatch(/is in service$/);
      expect(await active()).toBe("tiny-backend tiny-worker");
    });
  });
});
