import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { proxyBundle } from "../../infra/bundles/proxy";
import { redisBundle } from "../../infra/bundles/redis";
import { parse } from "../../scripts/verification/rows";
import { script } from "../../scripts/verification/script";
import { LACKS_MACHINES } from "../support/requires";
import { AppServer, appOf, envOf, PASSWORD, processOf, runtime } from "./support/app-server";
import { type TinyRelease, tinyRelease } from "./support/tiny-app";
import { useTwin } from "./support/twin";

/** As most applications of Express listen: on all addresses. */
const BACKEND = `require("node:http").createServer((_, response) => response.writeHead(204).end()).listen(process.env.PORT);\n`;
const WORKER = `require("node:net").connect(6379, "127.0.0.1").on("error", () => {}); setInterval(() => {}, 1000);\n`;
const SMOKE_TEST = `console.log("password", process.env.REDIS_PASSWORD, "works"); process.exitCode = process.env.BROKEN ? 4 : 0;\n`;
const FIREWALL = `table inet queuehost {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iif lo accept
    ip saddr 0.0.0.0/0 tcp dport 22 accept
    tcp dport { 80, 443 } accept
  }
}`;
const CONCERNS = ["app", "env", "proxy", "redis"];
const processes = [processOf("backend", "node backend.js"), processOf("worker-mail", "node worker.js")];

describe.skipIf(LACKS_MACHINES)("the verification of an application that has nothing in common with ours", () => {
  useTwin((twin) => {
    let server: AppServer;
    let release: TinyRelease;
    let expected: Record<string, string>;

    beforeAll(async () => {
      server = await AppServer.make(twin, "verify");
      // First, as in a deployment: it doesn't know connections that are older than itself.
      await server.run(`nft '${FIREWALL}'`);
      const files = { "backend.js": BACKEND, "worker.js": WORKER, "smoke.js": SMOKE_TEST, "public/file.txt": "text" };
      release = tinyRelease(
        twin.stateDir,
        Object.fromEntries(Object.entries(files).map(([path, text]) => [`web/${path}`, text])),
      );
      const redis = {
        queueMaxmemory: "64mb",
        queueMaxmemoryPolicy: "noeviction",
        queueAppendfsync: "everysec",
        queueSave: "900 1",
        cacheMaxmemory: "64mb",
        cacheMaxmemoryPolicy: "allkeys-lru",
      } as const;
      expected = {
        APP_NAME: "tiny",
        APP_PORT: "3000",
        APP_HEALTH: "/ready",
        APP_FOLDER: "web",
        APP_PROCESSES: "backend worker-mail",
        APP_INSTANCES: "backend=1 worker-mail=1",
        APP_MANAGER: "systemd",
        APP_DOMAINS: "",
        APP_CERTIFICATES: "internal",
        APP_FOLDERS: "uploads",
        APP_STATIC: "public",
        APP_SMOKE_TEST: "",
        EXPECT_RELEASE: release.id,
        EXPECT_MAX_BODY: "1mb",
        EXPECT_NODE_VERSION: runtime.version,
        EXPECT_POSTGRES: "",
        EXPECT_QUEUE_MAXMEMORY: redis.queueMaxmemory,
        EXPECT_QUEUE_POLICY: redis.queueMaxmemoryPolicy,
        EXPECT_QUEUE_APPENDFSYNC: redis.queueAppendfsync,
        EXPECT_QUEUE_SAVE: redis.queueSave,
        EXPECT_CACHE_MAXMEMORY: redis.cacheMaxmemory,
        EXPECT_CACHE_POLICY: redis.cacheMaxmemoryPolicy,
        EXPECT_KEY_PREFIX: "tiny",
        EXPECT_KEY_PATTERNS: "sess:* bull:*",
      };
      const passwordSha256 = createHash("sha256").update(PASSWORD).digest("hex");
      await server.apply(
        redisBundle({ ...redis, passwordSha256, keyPrefix: "tiny", keyPatterns: ["sess:*", "bull:*"] }),
      );
      await server.apply(
        proxyBundle({
          name: "tiny",
          port: 3000,
          instances: 1,
          healthPath: "/ready",
          maxBody: "1mb",
          backend: true,
          static: "web/public",
          domains: [],
          certificates: "internal",
        }),
      );
      await server.apply(envOf());
      await server.deploy(release, { processes, folder: "web", folders: ["uploads"] });
    }, 180_000);

    /** The names of the checks that failed, of the concerns that are there. */
    async function red(changes: Record<string, string> = {}): Promise<string[]> {
      const text = Buffer.from(script({ ...expected, ...changes })).toString("base64");
      const checks = parse(await server.run(`echo ${text} | base64 -d >/run/verify; bash /run/verify`));
      seen = new Map(checks.map((check) => [`${check.concern}: ${check.name}`, check.seen]));
      expect(checks.filter(({ concern }) => CONCERNS.includes(concern)).length).toBeGreaterThan(40);
      return checks
        .filter(({ concern, ok }) => CONCERNS.includes(concern) && !ok)
        .map(({ concern, name }) => `${concern}: ${name}`);
    }
    let seen = new Map<string, string>();

    test("finds everything as it should be", async () => {
      expect(await red(), [...seen].join("\n")).toEqual([]);
      expect(seen.get("app: the application listens to nobody outside")).toBe(
        "the firewall drops what comes for *:3000",
      );
      expect(seen.get("app: tiny-worker-mail is connected to the queue")).toBe("all of it");
      expect(seen.get("app: the backend answers")).toBe("at /ready, on the ports from 3000");
      expect(seen.get("proxy: the proxy serves the static files")).toBe("/file.txt");
    });

    test.each([
      [
        "the firewall lets the application's port in",
        "nft insert rule inet queuehost input tcp dport 2999-3001 accept",
        "nft -a list chain inet queuehost input | sed -n 's/.*2999-3001.*handle //p' | xargs nft delete rule inet queuehost input handle",
        ["app: the application listens to nobody outside"],
      ],
      [
        "the worker has lost the queue",
        "systemctl stop redis-server@queue",
        "systemctl start redis-server@queue; systemctl restart tiny-worker-mail@a1; sleep 1",
        ["app: tiny-worker-mail is connected to the queue"],
      ],
      [
        "a lasting folder belongs to another",
        "chown root /srv/tiny/shared/uploads",
        "chown app /srv/tiny/shared/uploads",
        ["app: uploads outlives the release", "app: uploads is for the application alone"],
      ],
      [
        "a lasting folder is open to others",
        "chmod 755 /srv/tiny/shared /srv/tiny/shared/uploads",
        "chmod 750 /srv/tiny/shared /srv/tiny/shared/uploads",
        ["app: uploads outlives the release", "app: uploads is for the application alone"],
      ],
      [
        "a worker of another time is installed",
        "touch /etc/systemd/system/tiny-worker-old.service",
        "rm /etc/systemd/system/tiny-worker-old.service",
        ["app: no other processes of the application are installed"],
      ],
      [
        "the release can be changed",
        "chown app /srv/tiny/current/web/backend.js",
        "chown root /srv/tiny/current/web/backend.js",
        ["app: only root can change the release"],
      ],
      [
        "a copy of the .env lies in the release",
        "cp /srv/tiny/shared/.env /srv/tiny/current/.env.bak && chmod 644 /srv/tiny/current/.env.bak",
        "rm /srv/tiny/current/.env.bak",
        ["env: no copy of .env is open to others"],
      ],
      [
        "the password stands in a unit as a URL writes it",
        "echo '# redis://:it%27s%20correct%2Fhorse@127.0.0.1' >/etc/systemd/system/other.service",
        "rm /etc/systemd/system/other.service",
        ["env: the password of Redis is in no command line or unit"],
      ],
      [
        "the application reaches all keys",
        "cd /etc/redis && cp -p queue.acl /root/ && sed -i '/^user default/s/~tiny/~* ~tiny/; s/~. .*&tiny/~* \\&tiny/' queue.acl && REDISCLI_AUTH=$(cat /etc/queuehost/credentials/redis-operator) redis-cli --user operator acl load",
        "cp -p /root/queue.acl /etc/redis/ && REDISCLI_AUTH=$(cat /etc/queuehost/credentials/redis-operator) redis-cli --user operator acl load",
        ["redis: the queue's Redis lets the application at its keys alone"],
      ],
    ])("turns red when %s", async (_, make, mend, checks) => {
      await server.run(make);
      const failed = await red().finally(() => server.run(mend));
      expect(failed.sort(), [...seen].join("\n")).toEqual(expect.arrayContaining(checks));
      expect(failed.filter((name) => name.startsWith("app:") || checks.includes(name)).sort()).toEqual(
        [...checks].sort(),
      );
    });

    test("shows how the application's own smoke test ended, without its secrets", async () => {
      const withTest = { processes, folder: "web", folders: ["uploads"] };
      await server.apply(appOf(release, { ...withTest, smokeTest: "node smoke.js" }));
      const changes = { APP_SMOKE_TEST: "yes" };
      expect(await red(changes)).toEqual([]);
      expect(seen.get("app: the smoke test succeeds")).toBe("password [REDIS_PASSWORD] works");
      await server.apply(appOf(release, { ...withTest, smokeTest: "BROKEN=yes node smoke.js" }));
      expect(await red(changes)).toEqual(["app: the smoke test succeeds"]);
      expect(seen.get("app: the smoke test succeeds")).toBe("exit-code, exit code 4: password [REDIS_PASSWORD] works");
    });
  });
});
