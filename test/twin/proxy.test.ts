import { beforeAll, describe, expect, test } from "vitest";
import { proxyBundle } from "../../infra/bundles/proxy";
import { LACKS_MACHINES } from "../support/requires";
import { type Ask, ask } from "./support/http";
import { FILES, Proxied, SETTINGS } from "./support/proxied";
import { useTwin } from "./support/twin";

describe.skipIf(LACKS_MACHINES)("the proxy on a real machine", () => {
  useTwin((twin) => {
    let server: Proxied;
    beforeAll(async () => {
      server = await Proxied.make(twin, "proxy");
    });

    /** The bundle with another Caddyfile, as a mistake in the project would make it. */
    const applyMistaken = (change: (caddyfile: string) => string) => {
      const { files, ...rest } = proxyBundle(SETTINGS);
      const changed = files.map((file) =>
        file.path === "Caddyfile" ? { ...file, content: change(file.content) } : file,
      );
      return server.applyBundle({ ...rest, files: changed });
    };
    const pid = () => server.run("systemctl show -P MainPID caddy");
    const get = (path: string, options?: Ask) => ask(`http://${server.ip}${path}`, options);
    const text = async (path: string, options?: Ask) => (await get(path, options)).body;
    const status = async (path: string, options?: Ask) => (await get(path, options)).status;

    test("serves before there is an application, on port 80 alone", async () => {
      expect(await server.apply()).toMatch(/the proxy serves$/);
      const listeners = await server.run("ss -ltnpH | grep caddy | awk '{print $4}'; ss -lunpH | grep caddy || true");
      expect(listeners).toBe("*:80");
    });

    test("passes requests on as soon as there is one", async () => {
      await server.sides();
      const instances = await Promise.all(Array.from({ length: 20 }, () => get("/health")));
      expect(new Set(instances.map(({ headers }) => headers["x-instance"]))).toEqual(new Set(["a1", "a2"]));
    });

    test("applied again, it changes nothing; a changed setting needs no restart", async () => {
      const before = await pid();
      expect(await server.apply()).toBe("the proxy is as it should be");
      expect(await server.apply({ maxBody: "2mb" })).toBe("the proxy serves");
      expect(await pid()).toBe(before);
    });

    test("a configuration that Caddy refuses changes nothing", async () => {
      await expect(applyMistaken((text) => `${text}\nnonsense {`)).rejects.toThrow(/Caddyfile: caddy refuses it/);
      expect(await server.run("grep -c 'max_size 2097152B' /etc/caddy/Caddyfile")).toBe("1");
    });

    test("a configuration that leads nowhere is taken back", async () => {
      const wrong = applyMistaken((text) => text.replaceAll(/127\.0\.0\.1:300[01]/g, "127.0.0.1:3999"));
      await expect(wrong).rejects.toThrow(
        /requests for http:\/\/127.0.0.1\/health don't get through it; the old one is back/,
      );
      expect(await status("/health")).toBe(200);
    });

    test("a request has an id: the client's, where it is one, else a new one; the log has it too", async () => {
      const idOf = async (headers: Record<string, string>) => {
        const answer = await get("/headers", { headers });
        expect(answer.headers["x-request-id"]).toBe(JSON.parse(answer.body)["x-request-id"]);
        return answer.headers["x-request-id"];
      };
      expect(await idOf({ "X-Request-Id": "of-the-client.1" })).toBe("of-the-client.1");
      for (const given of [{}, { "X-Request-Id": "short" }, { "X-Request-Id": 'long enough, {"and": "no id"}' }])
        expect(await idOf(given)).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
      expect(await server.run("journalctl --sync; journalctl -u caddy -o cat | grep -c '\"of-the-client.1\"'")).toBe(
        "1",
      );
    });

    test("a body over the limit is refused, whether it says how long it is or not", async () => {
      const body = Buffer.alloc(2_200_000);
      const post = (body: Buffer, headers = {}) => status("/body", { method: "POST", body, headers });
      expect(await post(body.subarray(0, 2_097_152))).toBe(200);
      expect(await post(body)).toBe(413);
      expect(await post(body, { "transfer-encoding": "chunked" })).toBe(413);
    });

    test("text is compressed, and events come one by one", async () => {
      const headers = { "accept-encoding": "gzip" };
      expect((await get("/page", { headers })).headers["content-encoding"]).toBe("gzip");
      const answer = await fetch(`http://${server.ip}/events`, { headers: { accept: "text/event-stream" } });
      expect(answer.headers.get("content-encoding")).toBeNull();
      const { value } = (await answer.body?.getReader().read()) ?? {};
      expect(Buffer.from(value ?? []).toString()).toMatch(/^data: x{1000}\n\n$/);
    });

    test("what address a request comes from is said, and not believed from a header", async () => {
      const { operatorAddress } = twin.running;
      expect(await text("/.queuehost/address", { headers: { "x-forwarded-for": "192.0.2.1" } })).toBe(
        `${operatorAddress}\n`,
      );
    });

    describe("static files", () => {
      beforeAll(async () => {
        await server.run(
          `cd ${FILES.a} && mkdir -p guide empty assets && echo home >index.html && echo body >app.css && echo guide >guide/index.html
           echo secret >.hidden; echo mine >page; echo 1 >assets/index-DiwrgTda.js; echo 2 >main.0123abcd.js; echo 3 >report-20260101.css
           printf %03000d 0 >big.txt && gzip -k big.txt
           cd ${FILES.b} && echo 'home of two' >index.html && echo 'part of one page' >part.js`,
        );
        await server.apply({ static: "public" });
      });

      test("stand beside the backend: those that are there, and none that is hidden", async () => {
        expect(await text("/")).toBe("home\n");
        expect(await text("/app.css")).toBe("body\n");
        expect(await text("/guide/")).toBe("guide\n");
        expect(await text("/page")).toBe("mine\n");
        expect(await status("/health")).toBe(200);
        for (const path of ["/.hidden", "/%2ehidden", "/empty/", "/guide/../.hidden", "/../../../../etc/passwd"])
          expect(await status(path), path).toBe(404);
        // Whoever writes to where a file lies means the application.
        expect((await get("/page", { method: "POST", body: "x" })).headers["x-instance"]).toMatch(/^a/);
      });

      test("are kept for ever where a digest is part of the name, and looked up again otherwise", async () => {
        const kept = async (path: string) => (await get(path)).headers["cache-control"];
        const forEver = "public, max-age=31536000, immutable";
        expect(await Promise.all(["/assets/index-DiwrgTda.js", "/main.0123abcd.js"].map(kept))).toEqual([
          forEver,
          forEver,
        ]);
        for (const path of ["/", "/app.css", "/report-20260101.css"]) expect(await kept(path), path).toBe("no-cache");
      });

      test("that are compressed already are sent as they are", async () => {
        const { headers } = await get("/big.txt", { headers: { "accept-encoding": "gzip" } });
        expect(headers).toMatchObject({
          "content-encoding": "gzip",
          "content-length": await server.run(`stat -c %s ${FILES.a}/big.txt.gz`),
        });
      });

      test("change with the switch; what only the pages of the release before ask for is still there", async () => {
        expect(await status("/main.0123abcd.js")).toBe(200);
        await server.live("b");
        expect(await text("/")).toBe("home of two\n");
        expect(await text("/part.js")).toBe("part of one page\n");
        expect(await text("/main.0123abcd.js")).toBe("2\n");
        // A page that was taken away isn't a part of another.
        expect(await text("/page")).toBe(`${"word ".repeat(1000)}`);
        expect(await status("/guide/")).toBe(404);
        await server.live("a");
      });

      test("of a single-page app: its page stands for pages that nobody knows, and for nothing else", async () => {
        await server.apply({ static: "public", spa: true });
        const page = { headers: { accept: "text/html,application/xhtml+xml" } };
        const { status: code, body, headers } = await get("/orders/17", page);
        expect([code, body, headers["cache-control"]]).toEqual([200, "home\n", "no-cache"]);
        expect((await get("/page", page)).body).toBe("mine\n");
        expect((await get("/health", page)).body).toBe("well");
        expect((await get("/orders/17", { headers: { accept: "application/json" } })).body).toBe("unknown");
        expect(await status("/orders/17", { ...page, method: "POST" })).toBe(404);
        expect(await status("/.env", page)).toBe(404);
      });

      test("without a backend, what is no file is not found", async () => {
        expect(await server.apply({ static: "public", backend: false })).toBe("the proxy serves");
        expect(await text("/")).toBe("home\n");
        const other = await get("/other.txt");
        expect(`${other.status} ${other.body}`).toBe("404 404 Not Found");
        expect(other.headers["x-content-type-options"]).toBe("nosniff");
        await server.apply({ static: "public", backend: false, spa: true });
        expect(await text("/orders/17", { headers: { accept: "text/html" } })).toBe("home\n");
      });
    });
  });
});
