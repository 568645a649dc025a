import { type Bundle, bundle, hostFiles } from "./bundle";

/** The host base: who logs in from where, and which packages the machine holds. */
export interface HardeningSettings {
  /**
   * Public keys that log in as `deploy`, one OpenSSH line each, the deployment's own among them. They replace what was there:
   * a key that is taken out can't log in any more, and its sessions end. ed25519, ECDSA (either also on a hardware token), RSA of 3072 bits or more.
   */
  readonly authorizedKeys: readonly string[];
  /** Address ranges that reach port 22, IPv4 and IPv6, as CIDR. The address of the connection that applies them must be in. */
  readonly sshAllowedFrom: readonly string[];
  /** Debian packages of all other concerns, installed here in one go. */
  readonly packages: readonly string[];
  /** `HH:MM`, in the server's time zone: when a security update that needs it may reboot the server. Default: never. */
  readonly rebootTime?: string;
}

/** What the host base itself needs. */
const PACKAGES = ["nftables", "openssh-server", "sudo", "unattended-upgrades"];

/** Makes a stock Debian 13 into the base of everything else. Needs the host key of the bundle `hostkey`. */
export function hardeningBundle(settings: HardeningSettings): Bundle {
  const ranges = settings.sshAllowedFrom;
  const named = ranges.filter((range) => !range.endsWith("/0"));
  return bundle("hardening", [
    ...hostFiles("hardening", {
      penaltyExempt: ["127.0.0.0/8", "::1", ...named].join(","),
      sshIpv4: elements(ranges.filter((range) => !range.includes(":"))),
      sshIpv6: elements(ranges.filter((range) => range.includes(":"))),
      automaticReboot: String(settings.rebootTime !== undefined),
      rebootTime: settings.rebootTime ?? "now",
    }),
    {
      path: "authorized_keys",
      content: lines([...new Set(settings.authorizedKeys.map((key) => key.trim()))]),
      mode: 0o644,
    },
    { path: "packages", content: lines([...new Set([...PACKAGES, ...settings.packages])].sort()), mode: 0o644 },
  ]);
}

/** The elements of an nftables set, or nothing: a set without any is written without the word. */
function elements(ranges: readonly string[]): string {
  return ranges.length === 0 ? "" : `\t\telements = { ${ranges.join(", ")} }\n`;
}

function lines(items: readonly string[]): string {
  return items.map((item) => `${item}\n`).join("");
}
