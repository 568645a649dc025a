import { beforeAll, describe, expect, test } from "vitest";
import { type Bundle, pack } from "../../infra/bundles/bundle";
import { proxyBundle } from "../../infra/bundles/proxy";
import { LACKS_MACHINES } from "../support/requires";
import { useTwin } from "./support/twin";

const settings = { port: 3000, healthPath: "/health", maxBody: "25MB", backend: true };
const FILES = "/srv/tiny/current/public";

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
    const get = (path: string, init: RequestInit = {}) => fetch(`http://${ip}${path}`, init);
    const status = async (path: string) => (await get(path)).status;
    const text = async (path: string) => (await get(path)).text();

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

    test("static files are served beside the backend: those that are there, and none that is hidden", async () => {
      await twin.ssh(
        ip,
        `mkdir -p ${FILES}/guide ${FILES}/empty && cd ${FILES} && echo home >index.html && echo body >app.css && echo guide >guide/index.html && echo secret >.hidden`,
      );
      await twin.ssh(ip, "cd /srv/web && echo mine >app.css && echo other >other.txt");
      await apply(proxyBundle({ ...settings, static: FILES }));
      expect(await text("/")).toBe("home\n");
      expect(await text("/app.css")).toBe("body\n");
      expect(await text("/guide/")).toBe("guide\n");
      expect(await text("/other.txt")).toBe("other\n");
      expect(await status("/health")).toBe(200);
      for (const path of ["/.hidden", "/%2ehidden", "/empty/", "/guide/../.hidden"])
        expect(await status(path), path).toBe(404);
      // Whoever writes to where a file lies means the application.
      expect((await get("/app.css", { method: "POST", body: "x" })).status).toBe(501);
    });

    test("without a backend, what is no file is not found", async () => {
      expect(await apply(proxyBundle({ ...settings, static: FILES, backend: false }))).toBe("the proxy serves");
      expect(await text("/")).toBe("home\n");
      const other = await get("/other.txt");
      expect(`${other.status} ${await other.text()}`).toBe("404 404 Not Found");
      expect(other.headers.get("x-content-type-options")).toBe("nosniff");
    });
  });
});
