import { execFileSync, spawn } from "node:child_process";
import { promises as dns } from "node:dns";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createSecure } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer, type Server } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PACKAGE } from "../../../scripts/lib/places";
import { ask, certificates, names, redirection } from "../../../scripts/verification/names";
import type { Target } from "../../../scripts/verification/outside";
import { freePort } from "../../support/free-port";

const LOCAL = "127.0.0.1";
const NAME = "app.example.test";
const folder = mkdtempSync(join(tmpdir(), "queuehost-names-"));
const cleanups: (() => unknown)[] = [() => rmSync(folder, { recursive: true })];
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

const target: Target = {
  host: LOCAL,
  url: `https://${NAME}`,
  domains: [NAME],
  certificates: "internal",
  sshAllowedFrom: [],
};
const told = (checks: { name: string; ok: boolean; seen: string }[]) =>
  checks.map(({ name, ok, seen }) => `${name}: ${ok ? "ok" : "fail"}: ${seen}`);

async function listen(server: Server | ReturnType<typeof createServer>): Promise<number> {
  cleanups.push(() => new Promise((closed) => server.close(closed)));
  server.listen(0, LOCAL);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A server that shows a certificate which nobody vouches for. */
function secure(days: number): Promise<number> {
  const [key, cert] = [join(folder, `${days}.key`), join(folder, `${days}.crt`)];
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x"];
  const term = ["-not_before", "20200101000000Z", "-not_after", days > 0 ? "20990101000000Z" : "20200102000000Z"];
  const made = ["-addext", `subjectAltName=DNS:${NAME}`, "-keyout", key, "-out", cert];
  try {
    execFileSync("openssl", [...request, ...term, ...made], { stdio: "ignore" });
  } catch {
    // Before OpenSSL 3.4 the end alone can be said, and it can lie in the past.
    execFileSync("openssl", [...request, "-days", String(days), ...made], { stdio: "ignore" });
  }
  return listen(createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }));
}

test("a server that vouches for itself is called by its address, and asked for its name", async () => {
  const [key, cert] = [join(folder, "own.key"), join(folder, "own.crt")];
  execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", key, "-out", cert],
    { stdio: "ignore" },
  );
  const port = await listen(
    createSecure({ key: readFileSync(key), cert: readFileSync(cert) }, ({ headers }, response) =>
      response.writeHead(503, { "retry-after": "60" }).end(headers.host),
    ),
  );
  expect(await ask(target, new URL(`https://${NAME}:${port}/`))).toMatchObject({
    status: 503,
    retryAfter: "60",
    body: `${NAME}:${port}`,
  });
});

describe("certificates", () => {
  test("of the server's own are looked at for name and term", async () => {
    const port = await secure(90);
    const [own] = told(await certificates(target, port));
    expect(own).toMatch(/^the certificate of app.example.test is its own: ok: for DNS:app.example.test, until /);
    const [other] = await certificates({ ...target, domains: ["other.example.test"] }, port);
    expect(other?.ok).toBe(false);
  });

  test("of a public authority have to be trusted here", async () => {
    const checks = await certificates({ ...target, certificates: "public" }, await secure(91));
    expect(told(checks)).toEqual(["the certificate of app.example.test is its own: fail: DEPTH_ZERO_SELF_SIGNED_CERT"]);
  });

  test("where nobody listens, there is none", async () => {
    const [check] = told(await certificates(target, await freePort()));
    expect(check).toMatch(/: fail: .*ECONNREFUSED/);
  });
});

describe("plain HTTP", () => {
  const answering = async (answer: RequestListener) =>
    told(await redirection(target, await listen(createServer(answer))));

  test("leads to the first name", async () => {
    const to = (location: string, status = 308): RequestListener => {
      return (_, response) => response.writeHead(status, { location }).end();
    };
    expect(await answering(to(`https://${NAME}/`))).toEqual([`plain HTTP leads to HTTPS: ok: 308 https://${NAME}/`]);
    expect(await answering(to("https://elsewhere.test/"))).toEqual([
      "plain HTTP leads to HTTPS: fail: 308 https://elsewhere.test/",
    ]);
    expect(await answering((_, response) => response.end("hello"))).toEqual(["plain HTTP leads to HTTPS: fail: 200"]);
  });

  test("is all there is without a domain", async () => {
    expect(await redirection({ ...target, domains: [] })).toEqual([]);
  });
});

describe("names", () => {
  const own = { ...target, certificates: "public", ipv6: "2001:db8:0:0::1" } as const;
  beforeAll(async () => {
    const port = await freePort();
    const script = join(PACKAGE, "test/twin/support/name_server.py");
    const known = ["here.test=127.0.0.1,2001:db8::1", "half.test=127.0.0.1,2001:db8::2", "away.test=192.0.2.1"];
    const server = spawn("python3", [script, String(port), ...known], { stdio: ["ignore", "pipe", "inherit"] });
    cleanups.push(() => server.kill());
    await once(server.stdout, "data");
    dns.setServers([`${LOCAL}:${port}`]);
  });

  test("that lead to the server alone are right, and all others wrong", async () => {
    expect(told(await names({ ...own, domains: ["here.test", "half.test", "away.test", "nobody.test"] }))).toEqual([
      "here.test leads to the server: ok: 127.0.0.1, 2001:db8::1",
      "half.test leads to the server: fail: 127.0.0.1, 2001:db8::2",
      "away.test leads to the server: fail: 192.0.2.1",
      "nobody.test leads to the server: fail: no address",
    ]);
  });

  test("of a server that vouches for itself may be known to nobody", async () => {
    expect(await names(target)).toEqual([]);
  });
});
