import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { openTunnel, type Tunnel } from "../../../../scripts/ssh/tunnel";
import { dial } from "../../../../scripts/verification/dial";
import { freePort } from "../../../support/free-port";
import { waitFor } from "../../../support/wait-for";
import { Sshd, WITHOUT_SSHD } from "../../engine/command-provider/sshd";

describe.skipIf(WITHOUT_SSHD)("a tunnel", () => {
  let sshd: Sshd;
  let echo: Server;
  let remotePort: number;
  let tunnel: Tunnel | undefined;

  beforeAll(async () => {
    // What others leave in the common folder meanwhile is none of this.
    vi.stubEnv("TMPDIR", mkdtempSync(join(tmpdir(), "tunnel-")));
    sshd = await (await Sshd.make()).start();
    echo = createServer((socket) => socket.on("error", () => {}).pipe(socket)).listen(0, "127.0.0.1");
    await once(echo, "listening");
    remotePort = (echo.address() as AddressInfo).port;
  });
  afterEach(() => tunnel?.close());
  afterAll(async () => {
    await sshd?.stop();
    rmSync(tmpdir(), { recursive: true });
    vi.unstubAllEnvs();
    await new Promise((closed) => echo?.close(closed) ?? closed(undefined));
  });

  const traces = () => readdirSync(tmpdir());
  /** What comes back of what is sent; nothing where one is hung up on. */
  const through = (port: number, text: string) =>
    new Promise<string>((settle) => {
      let back = "";
      const socket = connect(port, "127.0.0.1", () => socket.end(text));
      socket.on("data", (chunk) => {
        back += chunk;
      });
      socket.on("error", () => {}).on("close", () => settle(back));
    });
  /** The process that serves the tunnel at the other end. */
  const endSessions = () => execFileSync("pkill", ["-P", sshdPid(), "-f", "^sshd: "]);
  const sshdPid = () =>
    execFileSync("pgrep", ["-f", sshd.path("config")])
      .toString()
      .trim();

  test("reaches a port of the server's loopback, for several at once, and leaves nothing behind", async () => {
    const before = traces();
    tunnel = await openTunnel(sshd.connection, remotePort);
    const { port } = tunnel;
    const texts = ["one", "two", "x".repeat(200_000)];
    expect(await Promise.all(texts.map((text) => through(port, text)))).toEqual(texts);
    await tunnel.close();
    expect(await through(port, "closed")).toBe("");
    expect(traces()).toEqual(before);
  });

  test("has the local port that is asked for, on loopback alone, and says when that is taken", async () => {
    const localPort = await freePort();
    tunnel = await openTunnel(sshd.connection, remotePort, { localPort });
    expect(tunnel.port).toBe(localPort);
    const addresses = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? []);
    const dialled = await Promise.all(addresses.map(async (address) => [address, await dial(address, localPort)]));
    expect(dialled.filter(([, seen]) => seen === "open")).toEqual([["127.0.0.1", "open"]]);
    await expect(openTunnel(sshd.connection, remotePort, { localPort })).rejects.toThrow(
      `Port ${localPort} of this machine can't be used: EADDRINUSE`,
    );
  });

  test("comes back by itself on the same port, and says so", async () => {
    const said: string[] = [];
    tunnel = await openTunnel(sshd.connection, remotePort, { onChange: (lost) => said.push(lost ?? "back") });
    const { port } = tunnel;
    endSessions();
    await waitFor("the tunnel to be back", () => said.includes("back"));
    expect(said[0]).toMatch(/closed|ended|reset/i);
    expect(await through(port, "again")).toBe("again");
  });

  test("refuses a server with another host key", async () => {
    const before = traces();
    const connection = { ...sshd.connection, hostKey: sshd.read("other-host.pub").trim() };
    await expect(openTunnel(connection, remotePort)).rejects.toThrow(
      /^can't connect to .*Host key verification failed/,
    );
    expect(traces()).toEqual(before);
  });

  test("says why it can't log in", async () => {
    const connection = { ...sshd.connection, privateKey: sshd.read("stranger") };
    await expect(openTunnel(connection, remotePort)).rejects.toThrow(/Permission denied/);
  });
});
