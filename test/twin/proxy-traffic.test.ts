import { beforeAll, describe, expect, test } from "vitest";
import { LACKS_MACHINES } from "../support/requires";
import { waitFor } from "../support/wait-for";
import { ask, underLoad } from "./support/http";
import { Proxied } from "./support/proxied";
import { useTwin } from "./support/twin";

const sleep = (ms: number) => new Promise((over) => setTimeout(over, ms));

describe.skipIf(LACKS_MACHINES)("traffic through the proxy", () => {
  useTwin((twin) => {
    let server: Proxied;
    let url = "";
    beforeAll(async () => {
      server = await Proxied.make(twin, "traffic");
      await server.sides();
      await server.apply();
      url = `http://${server.ip}/body`;
    });

    test("twenty switches between the sides cost no request", async () => {
      const { outcomes, instances } = await underLoad(url, async () => {
        for (let n = 0; n < 10; n++) {
          await server.live("b");
          await sleep(100);
          await server.live("a");
          await sleep(100);
        }
      });
      expect(Object.keys(outcomes)).toEqual(["200"]);
      expect(Object.keys(instances).sort()).toEqual(["a1", "a2", "b1", "b2"]);
    });

    test("after a switch nothing goes to the side that was live", async () => {
      await server.live("b");
      const { outcomes, instances } = await underLoad(url, () => sleep(500));
      expect(Object.keys(outcomes)).toEqual(["200"]);
      expect(Object.keys(instances).sort()).toEqual(["b1", "b2"]);
      await server.live("a");
    });

    test("while one instance is away, the other serves, what has a body too", async () => {
      await server.run("systemctl stop a2");
      const { outcomes, instances } = await underLoad(url, () => sleep(1000));
      expect(Object.keys(outcomes)).toEqual(["200"]);
      expect(Object.keys(instances)).toEqual(["a1"]);
    });

    test("while none listens, requests wait for one", async () => {
      await server.run("systemctl stop a1");
      const answers = Promise.all(
        ["GET", "POST"].map((method) => ask(url, { method, ...(method === "POST" && { body: "some" }) })),
      );
      await sleep(1000);
      await server.run("systemd-run -q -u a1 node /usr/local/lib/instance.cjs a1 3000");
      expect((await answers).map(({ status }) => status)).toEqual([200, 200]);
    });

    test("a live page stays open through a switch, and is told when its side ends", async () => {
      const socket = new WebSocket(`ws://${server.ip}/`);
      const seen: string[] = [];
      const closed = new Promise<number>((tell) => socket.addEventListener("close", ({ code }) => tell(code)));
      socket.addEventListener("message", ({ data }) => seen.push(String(data)));
      await waitFor("the first message", () => seen.length > 0);
      await server.live("b");
      const before = seen.length;
      await waitFor("messages after the switch", () => seen.length > before + 3);
      expect(new Set(seen)).toEqual(new Set(["a1"]));
      await server.run("systemctl stop a1");
      expect(await closed).toBe(1012);
    });

    test("maintenance answers for everything, says when to come again, and ends as it began", async () => {
      const folder = "/srv/tiny/maintenance";
      const page = '{{.RespHeader.Set "Retry-After" "120"}}<!doctype html><title>Maintenance</title>';
      await server.run(`mkdir ${folder} && echo '${page}' >${folder}/new && mv ${folder}/new ${folder}/index.html`);
      for (const method of ["GET", "HEAD", "POST"]) {
        const { status, headers, body } = await ask(`http://${server.ip}/health`, { method });
        expect([status, headers["retry-after"], headers["cache-control"]], method).toEqual([503, "120", "no-store"]);
        expect(headers["content-type"]).toBe("text/html; charset=utf-8");
        expect(body).toBe(method === "HEAD" ? "" : "<!doctype html><title>Maintenance</title>\n");
      }
      expect((await ask(`http://${server.ip}/.queuehost/address`)).status).toBe(200);
      // A change of the proxy's is no reason to end it, and it is none to refuse the change.
      expect(await server.apply({ maxBody: "2mb" })).toBe("the proxy serves");
      await server.run(`rm ${folder}/index.html`);
      expect((await ask(`http://${server.ip}/health`)).body).toBe("well");
    });
  });
});
