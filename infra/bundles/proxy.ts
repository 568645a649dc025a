import { posix } from "node:path";
import { type Bundle, bundle, hostFiles } from "./bundle";
import { assertAppName, assertFolder, assertPlain, assertUrlPath } from "./names";

/** What stands between the network and the application. */
export interface ProxySettings {
  /** Name of the application: its folder on the server is /srv/<name>. */
  readonly name: string;
  /** Port of the first instance of the backend on side a; side b's is 8 above it. */
  readonly port: number;
  /** Instances of the backend on a side, 1 to 8. */
  readonly instances: number;
  /** Path that answers 200 to 399 once the backend serves, such as `/health`. */
  readonly healthPath: string;
  /** Largest request body that is let through, such as `25mb`, of 1024 * 1024 bytes each. */
  readonly maxBody: string;
  /** Whether there is a backend: without one, what is no static file isn't found. */
  readonly backend: boolean;
  /** Folder of a release, such as `public`, whose files Caddy serves itself. */
  readonly static?: string;
  /** Whether index.html of `static` answers for pages that are neither a file nor known to the backend. */
  readonly spa?: boolean;
  /** Host names, the application's own first, to which the others lead; none means plain HTTP on the address. */
  readonly domains: readonly string[];
  /** Address that the certificate authority writes to. */
  readonly email?: string;
  /** `public`: Let's Encrypt; `internal`: an authority of the server's own. */
  readonly certificates: "public" | "internal";
  /** Whether the names' records are made together with the server, so that they may be some seconds old. */
  readonly zone?: boolean;
}

/** Side b's ports begin so far above side a's: as many instances as a side can have. */
const SIDE_B = 8;

/**
 * Debian's Caddy on port 80, and 443 with a domain, sandboxed, in front of the application. Works before there is any release: it
 * answers 502 then, or 404 without a backend.
 */
export function proxyBundle(settings: ProxySettings): Bundle {
  const { name, port, static: files, backend, spa = false, certificates } = settings;
  assertAppName(name);
  if (settings.instances < 1 || settings.instances > SIDE_B)
    throw new Error(`instances: should be 1 to ${SIDE_B}, got ${settings.instances}`);
  const domains = settings.domains.map((domain) => assertPlain("domains", domain, /^[a-z0-9.-]+$/));
  const email =
    settings.email === undefined ? undefined : assertPlain("email", settings.email, /^[^\s@"'{}\\]+@[a-z0-9.-]+$/i);
  const root = (release: string) =>
    files === undefined ? "/nonexistent" : posix.join("/srv", name, release, assertFolder("static", files));
  const [home] = domains;
  const values = {
    name,
    global: globalOptions(home !== undefined, email),
    maxBody: String(bytes(settings.maxBody)),
    staticRoot: root("current"),
    formerRoot: root("previous"),
    contents: [
      ...(files === undefined ? [] : ["import files"]),
      ...(files !== undefined && spa && !backend ? ["import page"] : []),
      backend ? "import backend" : "import nobody",
    ].join("\n\t"),
    answer: files !== undefined && spa ? "instancesOrPage" : "instances",
    portsA: addresses(port, settings.instances),
    portsB: addresses(port + SIDE_B, settings.instances),
    home: home === undefined ? "" : `https://${home}`,
    sites: sites(domains, certificates),
    backend: backend ? "yes" : "",
    port: String(port),
    healthPath: assertUrlPath("healthPath", settings.healthPath),
    domains: domains.join(" "),
    certificates,
    zone: settings.zone ? "yes" : "",
  };
  return bundle("proxy", hostFiles("proxy", values));
}

const UNITS = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 } as const;

function bytes(size: string): number {
  const [, digits, unit] = /^(\d+)([kmg])b$/.exec(assertPlain("maxBody", size, /^\d+[kmg]b$/)) ?? [];
  return Number(digits) * UNITS[unit as keyof typeof UNITS];
}

const addresses = (first: number, instances: number) =>
  Array.from({ length: instances }, (_, n) => `127.0.0.1:${first + n}`).join(" ");

function globalOptions(https: boolean, email: string | undefined): string {
  if (!https) return "auto_https off";
  // The redirections are in the Caddyfile; the machine itself needn't trust the certificates that it makes.
  const options = ["auto_https disable_redirects", "skip_install_trust"];
  return [...options, ...(email === undefined ? [] : [`email ${email}`])].join("\n\t");
}

/** The sites of the Caddyfile: which names, and what answers there. */
function sites([home, ...others]: readonly string[], certificates: "public" | "internal"): string {
  if (home === undefined) return site("http://:80", ["import application"]);
  const https = [...(certificates === "internal" ? ["tls internal"] : []), "import by-https"];
  return [
    site(`https://${home}`, [...https, "import application"]),
    ...(others.length === 0
      ? []
      : [site(others.map((name) => `https://${name}`).join(", "), [...https, "import elsewhere"])]),
    site("http://:80", ["import elsewhere"]),
  ].join("\n\n");
}

const site = (names: string, lines: readonly string[]) => `${names} {\n${lines.map((line) => `\t${line}\n`).join("")}}`;
