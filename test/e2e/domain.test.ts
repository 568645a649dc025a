import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Deployment } from "../support/deployment";
import { LACKS_ENGINE } from "../support/requires";
import { byCommand, type Fault } from "./faults/fault";
import { HAS_IPV6 } from "./faults/outside";

interface Sets {
  readonly rrsets: { readonly id: string; readonly records: { readonly value: string }[] }[];
}

const FILE = "/etc/caddy/Caddyfile";
const changed = (expression: string) =>
  byCommand(`edit ${FILE} "${expression}"; systemctl reload caddy`, `restore ${FILE}; systemctl reload caddy`);
const HOME = "app.example.org";

const FAULTS: readonly Fault[] = [
  {
    name: "plain HTTP is answered by the application",
    ...changed("/^http:\\/\\/:80/,/^\\}/ s/import elsewhere/import application/"),
    red: ["outside: plain HTTP leads to HTTPS", `proxy: everything else leads to https://${HOME}`],
  },
  {
    name: "a further name is answered by the application",
    ...changed("/^https:\\/\\/example.org/,/^\\}/ s/import elsewhere/import application/"),
    red: [`proxy: everything else leads to https://${HOME}`],
  },
  {
    name: "browsers aren't told to stay with HTTPS",
    ...changed("/Strict-Transport-Security/d"),
    red: ["proxy: answers carry the security headers"],
  },
  {
    name: "a name has no certificate",
    ...changed("s/^https:\\/\\/example.org/https:\\/\\/other.example.org/"),
    red: [
      "outside: the certificate of example.org is its own",
      "proxy: the certificate of example.org is valid",
      `proxy: everything else leads to https://${HOME}`,
    ],
  },
  {
    name: "a certificate is from nobody who is trusted",
    ...byCommand(
      `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=stray -addext subjectAltName=DNS:${HOME} -keyout /var/lib/caddy/stray.key -out /var/lib/caddy/stray.crt 2>&1
       chown caddy /var/lib/caddy/stray.*
       edit ${FILE} "/^https:\\/\\/${HOME}/,/^\\}/ s|tls internal|tls /var/lib/caddy/stray.crt /var/lib/caddy/stray.key|"; systemctl reload caddy`,
      `restore ${FILE}; systemctl reload caddy; rm /var/lib/caddy/stray.*`,
    ),
    red: [
      `proxy: the certificate of ${HOME} is valid`,
      "proxy: answers carry the id of their request",
      "proxy: answers carry the security headers",
      "proxy: answers name no software",
      "proxy: bodies over the limit are refused",
      "proxy: requests are logged without their secrets",
      "proxy: the proxy passes requests to the application",
    ],
  },
];

describe.skipIf(LACKS_ENGINE)("a domain whose zone is at Hetzner", () => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await Deployment.make("domain");
    await fetch(deployment.twin.endpoint.replace(/\/v1$/, "/twin/zones"), {
      method: "PUT",
      headers: { authorization: `Bearer ${deployment.rehearsal.token}`, "content-type": "application/json" },
      body: JSON.stringify({ zones: [{ name: "example.org" }] }),
    });
    await deployment.configure({
      domain: `${HOME}, example.org`,
      "domain.zone": "example.org",
      "domain.certificates": "internal",
    });
    await deployment.up();
  });
  afterAll(() => deployment?.end());

  const records = async () => {
    const { rrsets } = await deployment.api<Sets>("/zones/example.org/rrsets");
    return Object.fromEntries(rrsets.map(({ id, records }) => [id, records.map(({ value }) => value)]));
  };

  test("its names get records of the server's addresses", async () => {
    const { host, ipv6 = "" } = await deployment.subject();
    const six = HAS_IPV6 ? { "app/AAAA": [ipv6], "@/AAAA": [ipv6] } : {};
    expect(await records()).toEqual({ "app/A": [host], "@/A": [host], ...six });
  });

  test("it is served by HTTPS, and the verification finds nothing amiss", async () => {
    expect((await deployment.pulumi.outputs()).url).toBe(`https://${HOME}`);
    expect(await deployment.red()).toEqual([]);
    const outside = (await deployment.verify()).filter(({ concern }) => concern === "outside").map(({ name }) => name);
    expect(outside).toEqual(expect.arrayContaining(["port 443 answers", "plain HTTP leads to HTTPS"]));
  });

  test.each(FAULTS)("$name: that alone turns red", async ({ make, mend, red }) => {
    await make(deployment);
    try {
      expect((await deployment.red()).sort()).toEqual([...(red as readonly string[])].sort());
    } finally {
      await mend(deployment);
    }
  });

  test("nothing is done again; a name that is taken out loses its records, and without a domain it is plain HTTP", async () => {
    expect(await deployment.up()).toEqual([]);
    await deployment.configure({ domain: HOME });
    await deployment.up();
    expect(Object.keys(await records()).filter((id) => id.startsWith("@"))).toEqual([]);
    for (const key of ["domain", "domain.zone", "domain.certificates"])
      await deployment.pulumi.run(["config", "rm", `queuehost:${key}`]);
    await deployment.up();
    expect(await records()).toEqual({});
    const { url } = await deployment.subject();
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });
});
