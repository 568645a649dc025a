import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { appBundle } from "../../infra/bundles/app";
import { type Bundle, pack } from "../../infra/bundles/bundle";
import { envBundle } from "../../infra/bundles/env";
import { nodeRuntime, type Release } from "../../infra/release";
import { LACKS_MACHINES } from "../support/requires";
import { waitFor } from "../support/wait-for";
import { BACKEND, tinyRelease } from "./support/tiny-app";
import { useTwin } from "./support/twin";

const common = { name: "tiny", port: 3000, healthPath: "/health", healthTimeoutSec: 8 };
const PASSWORD = "correct-horse-battery";

const envOf = (extra: Record<string, string>) =>
  envBundle({
    ...common,
    nodeEnv: "production",
    redisHost: "127.0.0.1",
    redisPort: 6379,
    redisPassword: PASSWORD,
    redisDb: 0,
    redisCachePort: 6380,
    queueEnabled: true,
    queueConcurrency: 5,
    queuePrefix: "tiny",
    extra,
  });

function appOf({ id, sha256 }: Release): Bundle {
  const { version, url, sha512 } = nodeRuntime(process.arch === "arm64" ? "arm64" : "x64");
  const runtime = { nodeVersion: version, nodeUrl: url, nodeSha512: sha512 };
  return appBundle({ ...common, ...runtime, release: id, sha256, stopTimeoutSec: 10, keepReleases: 5 });
}

describe.skipIf(LACKS_MACHINES)("a release on a real machine", () => {
  useTwin((twin) => {
    let ip = "";
    let good: Release;
    beforeAll(async () => {
      ({ ip } = await twin.server("release"));
      good = await tinyRelease(twin.stateDir);
      await twin.ssh(ip, "useradd --create-home deploy");
    });

    const unpack = "d=$(mktemp -d /root/bundle.XXXXXX); cd $d; base64 -d | tar -xz; exec /bin/sh ./apply.sh";
    const apply = async (bundle: Bundle) => twin.ssh(ip, `echo ${await pack(bundle)} | (${unpack})`);
    const upload = (release: Release) =>
      twin.ssh(
        ip,
        `echo ${readFileSync(release.file).toString("base64")} | base64 -d >/srv/tiny/incoming/${release.id}.tar.gz`,
      );
    const deploy = async (release: Release) => {
      await upload(release);
      return apply(appOf(release));
    };
    const health = async () => JSON.parse(await twin.ssh(ip, "curl -sS http://127.0.0.1:3000/health")) as object;
    const pids = () => twin.ssh(ip, "systemctl show -P MainPID tiny-backend tiny-worker");
    const faultOf = async (attempt: Promise<string>) =>
      attempt.then(
        (output) => `no fault: ${output}`,
        (error: { stderr: string }) => error.stderr.trim(),
      );

    test("the .env comes first, for root and the application alone", async () => {
      expect(await apply(envOf({ MOTTO: "one" }))).toBe(".env is in place; there is no release yet");
      expect(await twin.ssh(ip, "stat -c '%a %U:%G' /srv/tiny/shared/.env")).toBe("640 root:app");
    });

    test("without its upload a release is refused, and nothing runs", async () => {
      expect(await faultOf(apply(appOf(good)))).toBe(
        `queuehost: /srv/tiny/incoming/${good.id}.tar.gz is missing: the upload of the release hasn't happened`,
      );
    });

    test("a release comes into service with the pinned Node, sandboxed", async () => {
      expect(await deploy(good)).toMatch(new RegExp(`release ${good.id} is in service$`));
      expect(await health()).toEqual({ status: "ok", release: good.id, motto: "one" });
      const levels = await twin.ssh(
        ip,
        "systemd-analyze security --no-pager tiny-backend tiny-worker | grep -oE 'service: [0-9.]+' | cut -c 10-",
      );
      expect(levels.split("\n").map(Number.parseFloat)).toEqual([1.1, 1.1]);
    });

    test("applied again, it changes nothing", async () => {
      const before = await pids();
      expect(await deploy(good)).toBe(`release ${good.id} is already in service`);
      expect(await apply(envOf({ MOTTO: "one" }))).toBe(".env is in service already");
      expect(await pids()).toBe(before);
    });

    test("a changed .env takes effect", async () => {
      expect(await apply(envOf({ MOTTO: "two" }))).toBe(".env is in service");
      expect(await health()).toMatchObject({ motto: "two" });
    });

    test("an .env that the application can't start with is taken back, and the reason shows no secret", async () => {
      const fault = await faultOf(apply(envOf({ MOTTO: "crash" })));
      expect(fault).toContain(
        "queuehost: .env: with it tiny-backend.service ended again and again; the old one is back",
      );
      expect(fault).toContain("Error: no start with [REDIS_PASSWORD]");
      expect(fault).not.toContain(PASSWORD);
      expect(await health()).toMatchObject({ motto: "two" });
    });

    test.each([
      ["whose backend doesn't start", { backend: "throw new Error('no start');" }, /tiny-backend\.service ended again/],
      ["that never answers", { backend: "setInterval(() => {}, 1000);" }, /tiny-backend\.service did not answer 200/],
      [
        "whose worker dies after a second",
        { worker: "setTimeout(() => process.exit(1), 1000);" },
        /tiny-worker\.service/,
      ],
      [
        "whose backend answers, and crashes after half a second, again and again",
        { backend: `${BACKEND}\nsetTimeout(() => process.exit(1), 500);` },
        /tiny-backend\.service/,
      ],
    ])("a release %s gives way to the one before", async (_, parts, reason) => {
      const fault = await faultOf(deploy(await tinyRelease(twin.stateDir, parts)));
      expect(fault).toMatch(reason);
      expect(fault).toContain(`release ${good.id} is back in service`);
      expect(await health()).toMatchObject({ release: good.id });
    });

    test("a damaged upload is refused before anything is touched", async () => {
      const other = await tinyRelease(twin.stateDir, { worker: "setInterval(() => {}, 2000);" });
      await twin.ssh(ip, `cp /srv/tiny/incoming/${good.id}.tar.gz /srv/tiny/incoming/${other.id}.tar.gz`);
      const before = await pids();
      expect(await faultOf(apply(appOf(other)))).toMatch(/is damaged: its content isn't the release that was built$/);
      expect(await pids()).toBe(before);
    });

    test("a run that is killed in the middle is healed by the next", async () => {
      const broken = await tinyRelease(twin.stateDir, { backend: "setInterval(() => {}, 500);" });
      const cut = faultOf(deploy(broken));
      const current = () => twin.ssh(ip, "readlink /srv/tiny/current");
      await waitFor("the switch to the broken release", async () => (await current()).endsWith(broken.id), 30);
      await twin.ssh(ip, "kill -9 $(pgrep -fx '/bin/sh ./apply.sh')");
      await cut;
      expect(await faultOf(apply(appOf(broken)))).toContain(`release ${good.id} is back in service`);
      expect(await health()).toMatchObject({ release: good.id });
    });
  });
});
