import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { waitFor } from "../support/wait-for";
import { useTwin } from "./support/twin";

useTwin((twin) => {
  // This computer stands for the world outside.
  const world = createServer((_, answer) => answer.end("reached"));
  let port = 0;
  let server = { id: 0, ip: "", ip6: "" };
  /** As the application's user would: one that is neither root nor apt's. */
  const asNobody = (script: string) => twin.ssh(server.ip, `cd / && setpriv --reuid=65534 --clear-groups ${script}`);
  const fetched = (who: (script: string) => Promise<string>, url: string) =>
    who(`curl -s -o /dev/null --max-time 3 -w '%{http_code}' ${url} || true`);
  const control = async (method: string, path: string, body?: object) => {
    const answer = await fetch(twin.running.endpoint.replace(/\/v1$/, `/twin${path}`), {
      method,
      headers: { authorization: `Bearer ${twin.token}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    // biome-ignore lint/suspicious/noExplicitAny: tests reach into answers of many shapes
    return { status: answer.status, body: (await answer.json()) as any };
  };

  beforeAll(async () => {
    expect((await control("PUT", "/trap", { answer: 503 })).status).toBe(200);
    world.listen(0, "::");
    await once(world, "listening");
    port = (world.address() as AddressInfo).port;
    server = await twin.server("trapped");
  });
  afterAll(() => world.close());
  const outside = () => server.ip.replace(/\d+$/, "1");
  const outside6 = () => server.ip6.replace(/:\w+::1$/, "::1");

  test("root reaches what it has to; nobody else does, and is answered by the trap", async () => {
    const url = `http://${outside()}:${port}/`;
    expect(await fetched((script) => twin.ssh(server.ip, script), url)).toBe("200");
    expect(await fetched(asNobody, url)).toBe("503");
    expect(await fetched(asNobody, "http://api.example.org/v1/pay?key=1")).toBe("503");
    expect(await asNobody("curl -s --max-time 3 https://api.example.org/ || echo $?")).toBe("35");
    // What is for the machine itself isn't touched.
    await twin.ssh(server.ip, `systemd-run -q python3 -m http.server ${port} --bind 127.0.0.1 -d /srv`);
    await waitFor("its own server", async () => (await fetched(asNobody, `http://127.0.0.1:${port}/`)) === "200", 10);
  });

  test("mail is taken, and other datagrams don't leave", async () => {
    const script = `import smtplib, socket
s = smtplib.SMTP("smtp.example.org", 587, timeout=10)
s.sendmail("shop@example.org", ["ada@example.com"], "Subject: hello\\r\\n\\r\\ntext")
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("${outside()}", 9999))`;
    await asNobody(`python3 -c '${script}'`).catch((error: Error) => expect(error.message).toMatch(/not permitted/));
    const { body } = await control("GET", `/trap/${server.id}`);
    expect(body.in_place).toBe(true);
    expect(body.said).toContainEqual({
      kind: "mail",
      from: "shop@example.org",
      to: "example.com",
      subject: "hello",
      count: 1,
    });
    expect(body.said).toContainEqual({
      kind: "http",
      method: "GET",
      host: "api.example.org",
      path: "/v1/pay",
      count: 1,
    });
    expect(body.said).toContainEqual({ kind: "tls", host: "api.example.org", count: 1 });
    expect(body.destinations).toContainEqual({ protocol: "tcp", host: "smtp.example.org", port: 587, count: 1 });
    expect(body.destinations).toContainEqual({ protocol: "tcp", host: outside(), port, count: 1 });
    expect(body.destinations).toContainEqual({ protocol: "udp", host: outside(), port: 9999, count: 1 });
    expect(body.destinations.map(({ port }: { port: number }) => port)).not.toContain(9);
  });

  test("over IPv6 nobody but root gets out", async ({ skip }) => {
    if (server.ip6 === "") skip("this computer has no IPv6");
    const url = `http://[${outside6()}]:${port}/`;
    expect(await fetched((script) => twin.ssh(server.ip, script), url)).toBe("200");
    expect(await fetched(asNobody, url)).toBe("000");
    const { body } = await control("GET", `/trap/${server.id}`);
    expect(body.destinations).toContainEqual(expect.objectContaining({ host: outside6(), port }));
  });

  test("without its rules the machine sends nothing at all, root's included", async () => {
    await twin.ssh(server.ip, "nft delete table inet queuehost_trap");
    const url = `http://${outside()}:${port}/`;
    expect(await fetched(asNobody, url)).toBe("000");
    expect(await fetched((script) => twin.ssh(server.ip, script), url)).toBe("000");
    expect((await control("GET", `/trap/${server.id}`)).body).toMatchObject({ in_place: false, destinations: [] });
  });

  test("after a reboot they are there again", async () => {
    await twin.ssh(server.ip, "systemctl reboot").catch(() => {});
    await waitFor(
      "the answer of the trap",
      async () => {
        const answer = await fetched(asNobody, `http://${outside()}:${port}/`).catch(() => "");
        return answer === "503";
      },
      30,
    );
  });

  test("what is asked of it in vain says why", async () => {
    expect((await control("GET", "/trap/1")).status).toBe(404);
    expect((await control("PUT", "/trap", { answer: 99 })).status).toBe(422);
  });
});
