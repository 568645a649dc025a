import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { UserError } from "../../scripts/lib/errors";

const run = promisify(execFile);

/** A mirror of Debian and of its security updates. */
export interface Mirror {
  readonly main: string;
  readonly security: string;
}

/** The mirror in what `apt-get indextargets` lists as `ORIGIN LABEL URI` lines; undefined when it is no Debian. */
export function mirrorOf(targets: string): Mirror | undefined {
  const lines = targets.split("\n").map((line) => line.split(" "));
  const uri = (label: string) => lines.find(([origin, name]) => origin === "Debian" && name === label)?.[2];
  const main = uri("Debian");
  const security = uri("Debian-Security");
  return main && security ? { main, security } : undefined;
}

/**
 * Where packages come from: QUEUEHOST_DEBIAN_MIRROR and QUEUEHOST_DEBIAN_SECURITY_MIRROR, else what this computer itself
 * uses where it is a Debian, else undefined, which leaves it to the tool that makes the image.
 */
export async function mirror(env: NodeJS.ProcessEnv = process.env): Promise<Mirror | undefined> {
  const { QUEUEHOST_DEBIAN_MIRROR: main, QUEUEHOST_DEBIAN_SECURITY_MIRROR: security } = env;
  if (main || security) {
    if (!main || !security) {
      throw new UserError(
        "QUEUEHOST_DEBIAN_MIRROR and QUEUEHOST_DEBIAN_SECURITY_MIRROR go together: set both or neither",
      );
    }
    return { main, security };
  }
  try {
    const format = "$(ORIGIN) $(LABEL) $(REPO_URI)";
    const { stdout } = await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
    return mirrorOf(stdout);
  } catch {
    // No apt: no Debian.
    return undefined;
  }
}

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** The mirror as /etc/apt/sources.list.d/debian.sources of a Debian 13. */
export function renderSources({ main, security }: Mirror): string {
  const stanza = (uri: string, suites: string) =>
    `Types: deb\nURIs: ${uri}\nSuites: ${suites}\nComponents: main\nSigned-By: ${KEYRING}\n`;
  return `${stanza(main, "trixie trixie-updates")}\n${stanza(security, "trixie-security")}`;
}

/** The same as the one-line entries that mmdebstrap reads. */
export function renderOneLine({ main, security }: Mirror): string {
  return `deb ${main} trixie main\ndeb ${main} trixie-updates main\ndeb ${security} trixie-security main\n`;
}
