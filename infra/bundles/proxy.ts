import { type Bundle, bundle, hostFiles } from "./bundle";
import { assertFolder, assertPlain, assertUrlPath } from "./names";

/** What stands between the network and the application. */
export interface ProxySettings {
  /** Port of the backend on the server. */
  readonly port: number;
  /** Path that answers 200 to 399 once the backend serves, such as `/health`. */
  readonly healthPath: string;
  /** Largest request body that is let through, such as `25MB`. */
  readonly maxBody: string;
  /** Whether there is a backend: without one, what is no static file isn't found. */
  readonly backend: boolean;
  /** Folder on the server, absolute, whose files Caddy serves itself. */
  readonly static?: string;
}

/**
 * Debian's Caddy on port 80, sandboxed, in front of the application. Works before there is any release: it answers 502 then,
 * or 404 without a backend.
 */
export function proxyBundle(settings: ProxySettings): Bundle {
  const values = {
    maxBody: assertPlain("maxBody", settings.maxBody, /^\d+[KMG]B$/),
    port: String(settings.port),
    staticRoot: `/${assertFolder("static", (settings.static ?? "/nonexistent").replace(/^\//, ""))}`,
    files: settings.static === undefined ? "" : "import files\n\t",
    others: settings.backend ? "import backend" : "import nobody",
    backend: settings.backend ? "yes" : "",
    healthPath: assertUrlPath("healthPath", settings.healthPath),
  };
  return bundle("proxy", hostFiles("proxy", values));
}
