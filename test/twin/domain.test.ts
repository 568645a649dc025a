import { beforeAll, describe, expect, test } from "vitest";
import { LACKS_MACHINES } from "../support/requires";
import { ask } from "./support/http";
import { Proxied } from "./support/proxied";
import { useTwin } from "./support/twin";

const NAMES = { domains: ["app.example.test", "www.example.test"], certificates: "internal" } as const;

describe.skipIf(LACKS_MACHINES)("a domain", () => {
  useTwin((twin) => {
    let server: Proxied;
    let ip6 = "";
    beforeAll(async () => {
      server = await Proxied.make(twin, "domain");
      await server.sides();
      await server.apply();
      ip6 = await server.run('ip -6 -o addr show scope global | awk \'{sub("/.*", "", $4); print $4}\'');
      const script = await server.put("name_server.py");
      const names = [
        `here.example.test=${[server.ip, ip6].filter(Boolean).join(",")}`,
        "elsewhere.example.test=192.0.2.7",
        `half.example.test=${server.ip},2001:db8:ffff::7`,
      ];
      await server.run(
        `systemd-run -q -u names python3 ${script} 53 ${names.join(" ")}; echo nameserver 127.0.0.1 >/etc/resolv.conf`,
      );
    });

    test.each([
      ["elsewhere.example.test", "to 192.0.2.7"],
      ["half.example.test", "to 2001:db8:ffff::7"],
      ["nobody.example.test", "nowhere"],
    ])("%s leads %s: that is said with what is needed, and nothing is changed", async (name, where) => {
      const before = await server.run("sha256sum /etc/caddy/Caddyfile");
      const attempt = server.apply({ domains: [name, "here.example.test"] });
      const needed = `A ${server.ip}, and ${ip6 === "" ? "no AAAA" : `AAAA ${ip6} or none`}`;
      await expect(attempt).rejects.toThrow(
        `queuehost: domain: ${name} leads ${where}. Each needs records of this server: ${needed}. Set them, wait until they are known, and run this again; nothing was changed\n`,
      );
      expect(await server.run("sha256sum /etc/caddy/Caddyfile")).toBe(before);
      expect((await ask(`http://${server.ip}/health`)).body).toBe("well");
    });

    test("a name in a zone that is managed here may come a little later", async () => {
      const script = await server.put("name_server.py");
      const look =
        "export domains=later.example.test certificates=public; cd $(mktemp -d); . /usr/local/lib/names.sh; stray_names";
      await server.put("../../../host/proxy/names.sh");
      expect(await server.run(`zone=''; ${look}`)).toBe("later.example.test leads nowhere;");
      const comes = `sleep 2; systemctl stop names; exec python3 ${script} 53 later.example.test=${server.ip}`;
      await server.run(`systemd-run -q -u later sh -c '${comes}'`);
      expect(await server.run(`zone=yes; ${look}`)).toBe("");
    });

    test("is served by HTTPS alone; everything else leads to its first name", async () => {
      expect(await server.apply(NAMES)).toBe("the proxy serves");
      const answer = await ask(`https://${server.ip}/health`, { name: "app.example.test" });
      expect([answer.status, answer.body]).toEqual([200, "well"]);
      expect(answer.headers["strict-transport-security"]).toBe("max-age=31536000");
      const leads = async (url: string, name?: string) => {
        const { status, headers } = await ask(url, name === undefined ? {} : { name });
        return [status, headers.location];
      };
      const home = [308, "https://app.example.test/orders?page=2"];
      expect(await leads(`https://${server.ip}/orders?page=2`, "www.example.test")).toEqual(home);
      expect(await leads(`http://${server.ip}/orders?page=2`, "www.example.test")).toEqual(home);
      expect(await leads(`http://${server.ip}/orders?page=2`, "app.example.test")).toEqual(home);
      expect(await leads(`http://${server.ip}/orders?page=2`)).toEqual(home);
      await expect(ask(`https://${server.ip}/`, { name: "other.example.test" })).rejects.toThrow(/alert/);
      expect((await ask(`http://${server.ip}/.queuehost/address`)).status).toBe(200);
      const listeners = await server.run("ss -ltunpH | grep caddy | awk '{print $1, $5}' | sort");
      expect(listeners).toBe("tcp *:443\ntcp *:80");
    });

    test("applied again, it changes nothing; without a domain it is plain HTTP again", async () => {
      expect(await server.apply(NAMES)).toBe("the proxy is as it should be");
      expect(await server.apply()).toBe("the proxy serves");
      expect((await ask(`http://${server.ip}/health`)).body).toBe("well");
      expect(await server.run("ss -ltnH 'sport = :443'")).toBe("");
    });
  });
});
