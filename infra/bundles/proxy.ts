import { type Bundle, bundle, hostFiles } from "./bundle";
import { assertPlain } from "./names";

/** What stands between the network and the backend. */
export interface ProxySettings {
  /** Port of the backend on 127.0.0.1. */
  readonly port: number;
  /** Path that answers 200 once the backend serves, such as `/health`. */
  readonly healthPath: string;
  /** Largest request body that is let through, such as `25MB`. */
  readonly maxBody: string;
}

/** Debian's Caddy on port 80, sandboxed, in front of the backend. Works before there is any release: it answers 502 then. */
export function proxyBundle({ port, healthPath, maxBody }: ProxySettings): Bundle {
  const values = {
    port: String(port),
    healthPath: assertPlain("healthPath", healthPath, /^\/[A-Za-z0-9/._~-]*$/),
    maxBody: assertPlain("maxBody", maxBody, /^\d+[KMG]B$/),
  };
  return bundle("proxy", hostFiles("proxy", values));
}
