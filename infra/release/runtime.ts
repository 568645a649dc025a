import { readFileSync } from "node:fs";
import { join } from "node:path";
import registryUrl from "registry-url";
import { ReleaseError } from "./error";

/** As npm names the processors of the servers: Hetzner's CAX types are arm64, all others x64. */
export type Architecture = "x64" | "arm64";

/** The Node that runs the application on the server. */
export interface NodeRuntime {
  readonly version: string;
  /** As in package-lock.json: `sha512-` and base64. */
  readonly integrity: string;
  /** The same digest in hex, as sha512sum wants it. */
  readonly sha512: string;
  /** The package at the npm registry that the operator's machine uses. */
  readonly url: string;
}

const LOCKFILE = join(__dirname, "../../package-lock.json");

/**
 * The runtime that package-lock.json pins: the registry package `node-linux-<architecture>`, which holds the official
 * binary of nodejs.org. The lockfile has no addresses, so the registry is whichever npm uses here.
 */
export function nodeRuntime(architecture: Architecture, lockfile = LOCKFILE): NodeRuntime {
  const name = `node-linux-${architecture}`;
  const { packages } = JSON.parse(readFileSync(lockfile, "utf8")) as {
    packages?: Record<string, { version?: string; integrity?: string }>;
  };
  const { version, integrity } = packages?.[`node_modules/${name}`] ?? {};
  const digest = integrity?.match(/^sha512-([A-Za-z0-9+/]{86}==)$/)?.[1];
  if (version === undefined || integrity === undefined || digest === undefined) {
    throw new ReleaseError(`${lockfile}: should pin ${name} with a sha512 integrity; run npm install in the project`);
  }
  const registry = registryUrl();
  if (new URL(registry).username !== "")
    throw new ReleaseError(
      "the npm registry's address has a password in it, which would travel to the server; put it into an .npmrc as _auth instead",
    );
  return {
    version,
    integrity,
    sha512: Buffer.from(digest, "base64").toString("hex"),
    url: `${registry}${name}/-/${name}-${version}.tgz`,
  };
}

/** The architecture of a Hetzner server type. */
export function architectureOf(serverType: string): Architecture {
  return serverType.startsWith("cax") ? "arm64" : "x64";
}
