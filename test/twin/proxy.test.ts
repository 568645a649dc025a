import { beforeAll, describe, expect, test } from "vitest";
import { type Bundle, pack } from "../../infra/bundles/bundle";
import { proxyBundle } from "../../infra/bundles/proxy";
import { LACKS_MACHINES } from "../support/requires";
import { useTwin } from "./support/twin";

const settings = { port: 3000, healthPath: "/health", maxBody: "25MB" };

/** The bundle with another Caddyfile, as a mistake in the project would make it. */
function withCaddyfile(change: (caddyfile: string) => string): Bundle {
  const { files, ...rest } = proxyBundle(settings);
  const changed = files.map((file) => (file.path === "Caddyfile" ? { ...file, content: change(file.content) } : file));
  return { ...rest, files: changed };
}

describe.skipIf(LACKS_MACHINES)("the proxy on a real machine", () => {
  useTwin((twin) => {
    let ip = "";
    beforeAll(async () => {
      ({ ip } = await twin.server("proxy"));
    });

    const unpack = "d=$(mktemp -d /root/bundle.XXXXXX); cd $d; base64 -d | tar -xz; exec /bin/sh ./apply.sh";
    const apply = async (bundle: Bundle) => twin.ssh(ip, `echo ${await pack(bundle)} | (${unpack})`);
    const pid = () => twin.ssh(ip, "systemctl show -P MainPID caddy");
    const status = async (path: string) => (await fetch(`http://${ip}${path}`)).status;

    test("serves before there is an application, on port 80 alone", async () => {
      expect(await apply(proxyBundle(settings))).toMatch(/the proxy serves$/);
      const listeners = await twin.ssh(ip, "ss -ltnpH | grep caddy | awk '{print $4}'");
      expect(listeners).toBe("*:80");
    });

    test("passes requests on as soon as there is one", async () => {
      await twin.ssh(
        ip,
        "mkdir /srv/web && touch /srv/web/health && systemd-run -q -p WorkingDirectory=/srv/web python3 -m http.server -b 127.0.0.1 3000",
      );
      expect(await status("/health")).toBe(200);
    });

    test("applied again, it changes nothing; a changed setting needs no restart", async () => {
      const before = await pid();
      expect(await apply(proxyBundle(settings))).toBe("the proxy is as it should be");
      expect(await apply(proxyBundle({ ...settings, maxBody: "10MB" }))).toBe("the proxy serves");
      expect(await pid()).toBe(before);
    });

    test("a configuration that Caddy refuses changes nothing", async () => {
      await expect(apply(withCaddyfile((text) => `${text}\nnonsense {`))).rejects.toThrow(
        /Caddyfile: caddy refuses it/,
      );
      expect(await twin.ssh(ip, "grep -c 10MB /etc/caddy/Caddyfile")).toBe("1");
    });

    test("a configuration that leads nowhere is taken back", async () => {
      const wrong = withCaddyfile((text) => text.replace("127.0.0.1:3000", "127.0.0.1:3999"));
      await expect(apply(wrong)).rejects.toThrow(/requests for \/health don't get through it; the old one is back/);
      expect(await status("/health")).toBe(200);
    });
  });
});
