import registryUrl from "registry-url";
import type { Architecture, NodeMajor } from "./app";
import { ReleaseError } from "./error";
import runtimes from "./runtimes.json";

/** The Node that runs the application on the server. */
export interface NodeRuntime {
  readonly version: string;
  /** As in a lockfile: `sha512-` and base64. */
  readonly integrity: string;
  /** The same digest in hex, as sha512sum wants it. */
  readonly sha512: string;
  /** The package at the npm registry that the operator's machine uses. */
  readonly url: string;
}

/**
 * The runtime that runtimes.json pins: the registry package `node-linux-<architecture>`, which holds the official binary of
 * nodejs.org, at whichever registry npm uses here.
 *
 * @throws ReleaseError where the registry's address holds a password
 */
export function nodeRuntime(architecture: Architecture, major: NodeMajor = "24"): NodeRuntime {
  const { version, integrity } = runtimes.node[major];
  const name = `node-linux-${architecture}`;
  const registry = registryUrl();
  const { username, password } = new URL(registry);
  if (username !== "" || password !== "")
    throw new ReleaseError(
      "the npm registry's address has a password in it, which would travel to the server; put it into an .npmrc as _auth instead",
    );
  return {
    version,
    integrity: integrity[architecture],
    sha512: Buffer.from(integrity[architecture].slice("sha512-".length), "base64").toString("hex"),
    url: `${registry}${name}/-/${name}-${version}.tgz`,
  };
}
