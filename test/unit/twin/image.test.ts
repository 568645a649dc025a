import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { describe, expect, test } from "vitest";
import { extra } from "../../../twin/image/certificates";
import { mirror, mirrorOf, renderOneLine, renderSources } from "../../../twin/image/sources";

const MIRROR = { main: "http://mirror.example/debian", security: "http://mirror.example/debian-security" };

describe("where packages come from", () => {
  test("a Debian's own mirror is found among its other sources", () => {
    const targets = [
      "Vendor Vendor https://vendor.example/apt",
      "Debian Debian http://mirror.example/debian",
      "Debian Debian http://mirror.example/debian-updates",
      "Debian Debian-Security http://mirror.example/debian-security",
    ];
    expect(mirrorOf(targets.join("\n"))).toEqual(MIRROR);
    expect(mirrorOf("Ubuntu Ubuntu http://ubuntu.example/ubuntu")).toBeUndefined();
  });

  test("the environment decides, and half of it is a mistake", async () => {
    const env = { QUEUEHOST_DEBIAN_MIRROR: MIRROR.main, QUEUEHOST_DEBIAN_SECURITY_MIRROR: MIRROR.security };
    expect(await mirror(env)).toEqual(MIRROR);
    await expect(mirror({ QUEUEHOST_DEBIAN_MIRROR: "x" })).rejects.toThrow("go together: set both or neither");
  });

  test("is written for the machine and for mmdebstrap", () => {
    expect(renderSources(MIRROR)).toBe(`Types: deb
URIs: http://mirror.example/debian
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: trixie-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`);
    expect(renderOneLine(MIRROR)).toBe(`deb http://mirror.example/debian trixie main
deb http://mirror.example/debian trixie-updates main
deb http://mirror.example/debian-security trixie-security main
`);
  });
});

describe("authorities", () => {
  test("those that a fresh Debian doesn't know are taken along, once each, in one order", () => {
    const folder = mkdtempSync(join(tmpdir(), "queuehost-ca-"));
    const make = (name: string) => {
      const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
      const files = ["-subj", `/CN=${name}`, "-keyout", join(folder, "key"), "-out", join(folder, name)];
      execFileSync("openssl", [...request, ...files], { stdio: "ignore" });
      return readFileSync(join(folder, name), "utf8").trim();
    };
    const [one, two] = [make("one"), make("two")];
    rmSync(folder, { recursive: true });
    const [known = ""] = rootCertificates;
    const found = extra([known, one, two, one], [known]);
    expect([...found].sort()).toEqual([`${one}\n`, `${two}\n`].sort());
    expect(extra([two, one, known], [known])).toEqual(found);
  });
});
