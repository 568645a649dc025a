import { X509Certificate } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { rootCertificates } from "node:tls";

/** Where distributions keep the bundle of what they trust. */
const BUNDLES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"];

/** Where Debian's package ca-certificates keeps its own. */
const PACKAGED = "/usr/share/ca-certificates/mozilla";

const split = (pem: string) => pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];

const read = (path: string) => (existsSync(path) ? split(readFileSync(path, "utf8")) : []);

/** The certificates in `trusted` that neither `known` has, in a fixed order, so that equal computers give equal answers. */
export function extra(trusted: readonly string[], known: readonly string[]): string[] {
  const seen = new Set(known.map((pem) => new X509Certificate(pem).fingerprint256));
  const found = new Map<string, string>();
  for (const pem of trusted) {
    const { fingerprint256 } = new X509Certificate(pem);
    if (!seen.has(fingerprint256)) found.set(fingerprint256, `${pem}\n`);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, pem]) => pem);
}

/**
 * The authorities that this computer trusts and a fresh Debian doesn't: a company's own, which sign again what its
 * network lets through. Machines behind the same network need them.
 */
export function extraCertificates(): string[] {
  const packaged = existsSync(PACKAGED) ? readdirSync(PACKAGED).flatMap((file) => read(join(PACKAGED, file))) : [];
  const named = process.env.NODE_EXTRA_CA_CERTS;
  return extra([...BUNDLES.flatMap(read), ...(named ? read(named) : [])], [...packaged, ...rootCertificates]);
}
