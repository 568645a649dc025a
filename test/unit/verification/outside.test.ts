import { type ChildProcess, spawn } from "node:child_process";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Subject } from "../../../scripts/verification/check";
import { dial } from "../../../scripts/verification/dial";
import { outside, portsOver6 } from "../../../scripts/verification/outside";
import { freePort } from "../../support/free-port";

const LOCAL = "127.0.0.1";
const cleanups: (() => unknown)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function listen(host: string, answer: RequestListener = (_, response) => response.end("fine")): Promise<number> {
  const server = createServer(answer);
  cleanups.push(() => new Promise((closed) => server.close(closed)));
  await new Promise<void>((ready) => server.listen(0, host, ready));
  return (server.address() as AddressInfo).port;
}

/** A port that answers nothing: its listener accepts nobody, and its queue is full. */
async function silentPort(): Promise<number> {
  const code = `require("net").createServer().listen({ port: 0, host: "${LOCAL}", backlog: 1 }, function () {
    require("fs").writeSync(1, String(this.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  })`;
  const child: ChildProcess = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  cleanups.push(() => child.kill("SIGKILL"));
  const port = await new Promise<number>((told) => child.stdout?.once("data", (text) => told(Number(text))));
  const waiting: Socket[] = [];
  cleanups.push(() => {
    for (const socket of waiting) socket.destroy();
  });
  // With a backlog of 1 the kernel keeps two; the others wait for an answer that never comes.
  for (let i = 0; i < 4; i++) waiting.push(connect({ host: LOCAL, port }).on("error", () => {}));
  return port;
}

let opened: number;
let closed: number;
let silent: number;

beforeAll(async () => {
  [opened, silent] = await Promise.all([listen(LOCAL), silentPort()]);
  closed = await freePort();
});

describe("dial", () => {
  test("tells a port that is open from one that refuses and one that is silent", async () => {
    expect(await Promise.all([opened, closed, silent].map((port) => dial(LOCAL, port, 500)))).toEqual([
      "open",
      "refused",
      "no answer",
    ]);
  });

  test("says when there is no way to the address", async () => {
    // Broadcast: no connection of TCP goes there.
    expect(await dial("255.255.255.255", 80, 500)).toBe("no route");
  });
});

describe("outside", () => {
  const look = async (
    changes: Partial<Subject>,
    ports: { named?: number[]; letThrough?: number[]; others?: number[] },
  ) =>
    Object.fromEntries(
      (
        await outside(
          {
            host: LOCAL,
            url: `http://${LOCAL}:${opened}`,
            healthPath: "/health",
            sshAllowedFrom: ["0.0.0.0/0", "::/0"],
            ...changes,
          },
          { named: [], letThrough: [], others: [], ...ports },
        )
      ).map(({ name, ok, seen }) => [name, `${ok ? "ok" : "fail"}: ${seen}`]),
    );

  test("is green where named ports are open, 443 refuses and no other answers", async () => {
    expect(await look({}, { named: [opened], letThrough: [closed], others: [silent] })).toEqual({
      [`port ${opened} answers`]: "ok: open",
      [`port ${closed} is let through`]: "ok: refused",
      "no other port answers": "ok: none of 1 tried",
      "health over the proxy": "ok: 200 fine",
    });
  });

  test("is red where a named port refuses, 443 is silent and another answers", async () => {
    expect(await look({}, { named: [closed], letThrough: [silent], others: [closed, opened] })).toEqual({
      [`port ${closed} answers`]: "fail: refused",
      [`port ${silent} is let through`]: "fail: no answer",
      "no other port answers": `fail: open: ${opened}`,
      "health over the proxy": "ok: 200 fine",
    });
  });

  test("a health that is no 200, or nobody answers, is red", async () => {
    const sick = await listen(LOCAL, (_, response) => response.writeHead(503).end("sick"));
    expect(await look({ url: `http://${LOCAL}:${sick}` }, {})).toMatchObject({
      "health over the proxy": "fail: 503 sick",
    });
    expect((await look({ url: `http://${LOCAL}:${closed}` }, {}))["health over the proxy"]).toMatch(
      /^fail: .*ECONNREFUSED/,
    );
  });

  test("an application without a backend isn't asked how it is", async () => {
    const target = { host: LOCAL, url: `http://${LOCAL}:${closed}`, sshAllowedFrom: [] };
    const checks = await outside(target, { named: [], letThrough: [], others: [] });
    expect(checks.map(({ name }) => name)).toEqual(["no other port answers"]);
  });

  test("looks over IPv6 too", async () => {
    // An address of IPv4 stands in for one of IPv6 where this computer has none.
    expect(await look({ ipv6: LOCAL }, { named: [closed], letThrough: [silent], others: [opened] })).toMatchObject({
      [`port ${closed} answers over IPv6`]: "fail: refused",
      [`port ${silent} is let through over IPv6`]: "fail: no answer",
      "no other port answers over IPv6": `fail: open: ${opened}`,
    });
  });

  test("says that it didn't look where it has no route over IPv6; over IPv4 that is a failure", async () => {
    const nowhere = "255.255.255.255";
    expect(await look({ host: nowhere, ipv6: nowhere }, { named: [22], others: [80] })).toMatchObject({
      "port 22 answers": "fail: no route",
      "port 22 answers over IPv6": "ok: no route from here, not looked at",
      "no other port answers over IPv6": "ok: no route from here, not looked at",
    });
  });
});

describe("ssh over IPv6", () => {
  const ports = { named: [22, 80], letThrough: [443], others: [6379] };

  test("answers where everybody may use it", () => {
    expect(portsOver6(["0.0.0.0/0", "::/0"], ports)).toEqual(ports);
  });

  test("doesn't where nobody may", () => {
    expect(portsOver6(["198.51.100.7/32"], ports)).toEqual({ named: [80], letThrough: [443], others: [22, 6379] });
  });

  test("isn't dialled where some may", () => {
    expect(portsOver6(["2001:db8::/48"], ports)).toEqual({ named: [80], letThrough: [443], others: [6379] });
  });
});
