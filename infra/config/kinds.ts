import ipaddr from "ipaddr.js";
import { z } from "zod";
import { FOLDER } from "../bundles/names";

/**
 * What a configuration value can be. Each kind reads the text that `pulumi config set` stored; its message completes the
 * sentence "should be ...", so that every fault reads alike.
 */

const choice = <const T extends readonly [string, ...string[]]>(...names: T) =>
  z.enum(names, { error: `one of ${names.join(", ")}` });

const pattern = (expression: RegExp, expected: string) => z.string().regex(expression, expected);

/** Redis' own unit: kb, mb and gb are powers of 1024. */
const size = pattern(/^[1-9]\d*(kb|mb|gb)$/i, "a size such as 512mb").transform((text) => text.toLowerCase());

const integer = (low: number, high: number) => {
  const expected = `a whole number from ${low} to ${high}`;
  return pattern(/^\d{1,9}$/, expected)
    .transform(Number)
    .refine((value) => value >= low && value <= high, expected);
};

const flag = z.enum(["true", "false"], { error: "true or false" }).transform((text) => text === "true");

/** Hetzner's rule for server names: they are host names. */
const hostName = pattern(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "a host name: a-z, 0-9 and -, at most 63 characters");

/** systemd units, a folder under /srv and a Unix user's files carry it. */
const appName = pattern(/^[a-z][a-z0-9-]{0,30}$/, "a name such as intranet: a-z, 0-9 and -, at most 31 characters");

/** Pieces of text, either `one, two` or a YAML or JSON list. */
const list = (item: z.ZodType<string>, expected: string) =>
  z
    .string()
    .transform((raw) => split(raw))
    .refine((items) => items.length > 0 && items.every((one) => item.safeParse(one).success), expected);

/** Hetzner refuses a range whose address isn't its first. */
const cidr = z.string().refine((one) => {
  if (!ipaddr.isValidCIDR(one)) return false;
  const [address] = ipaddr.parseCIDR(one);
  const family = address.kind() === "ipv4" ? ipaddr.IPv4 : ipaddr.IPv6;
  return family.networkAddressFromCIDR(one).toString() === address.toString();
});
const cidrs = list(cidr, "address ranges such as 203.0.113.7/32 or 198.51.100.0/24, separated by commas");

/** As systemd.time(7) has it: a shorthand, or [weekdays] [year-]month-day hour:minute[:second]; systemd has the last word. */
const calendar = pattern(
  /^(minutely|hourly|daily|weekly|monthly|([A-Z][a-z]{2}([.,-]+[A-Z][a-z]{2})* )?(([\d*,/.]+-)?[\d*,/.]+-[\d*,/.]+ )?[\d*,/.]+:[\d*,/.]+(:[\d*,/.]+)?)$/,
  'a systemd calendar expression such as hourly or "*-*-* 03:15:00"',
);

const publicKey = pattern(
  /^(ssh-ed25519|ecdsa-sha2-\S+|ssh-rsa|sk-\S+) [A-Za-z0-9+/]+=*( .*)?$/,
  "an OpenSSH public key",
);
const publicKeys = list(
  publicKey,
  'OpenSSH public keys such as "ssh-ed25519 AAAA... anna@laptop", separated by commas',
);

/** A folder below another one: no way out of it, nothing that a shell or systemd would read differently. */
const folder = pattern(
  FOLDER,
  "a folder inside the application's such as storage/uploads: letters, digits and . _ @ + -, and no .env",
);
const folders = list(
  folder,
  "folders inside the application's such as uploads, exports, separated by commas: letters, digits and . _ @ + -, no .env, none of them inside another",
).refine(
  (all) => !all.some((one) => all.some((other) => one.startsWith(`${other}/`))),
  "folders of which none is inside another",
);

/** A folder of the operator's machine, relative to the project or absolute. */
const path = pattern(/^[^\0\n]+$/, "a folder such as ../intranet");

/** A line for a shell; it runs as written, on one line of a unit. */
const command = pattern(/^[^\s\p{Cc}]([^\p{Cc}]*[^\s\p{Cc}])?$/u, "a command on one line such as node dist/server.js");

/** A path of a URL that needs no escaping anywhere. */
const urlPath = pattern(/^\/[A-Za-z0-9/._~-]*$/, "a path such as /health");

/** As Debian's policy names packages. */
const debianPackage = pattern(/^[a-z0-9][a-z0-9+.-]+$/, "a package");
const debianPackages = list(debianPackage, "Debian packages such as imagemagick, ghostscript, separated by commas");

const serverTypes = list(
  pattern(/^[a-z]{2,4}\d{2}$/, "a type"),
  "Hetzner server types such as cx23, in order of preference, separated by commas",
);
const locations = list(
  pattern(/^[a-z]{3}\d?$/, "a location"),
  "Hetzner locations such as nbg1, in order of preference, separated by commas",
);

/** Redis' glob patterns, as an ACL takes them. */
const keyPatterns = list(
  pattern(/^[A-Za-z0-9_:.*?{}[\]^-]{1,100}$/, "a pattern"),
  "patterns of Redis keys such as shop:*, separated by commas",
);

/** Redis' `save` line: pairs of seconds and changes; `off` is Redis' `save ""`. */
const savePoints = pattern(
  /^off$|^\d+ \d+( \d+ \d+)*$/,
  'off, or pairs of seconds and changes such as "900 1 300 10"',
).transform((raw) => (raw === "off" ? "" : raw));

/**
 * At least 16 characters: the password is the only thing between a local process and the queue. Without the characters that
 * the readers of an `.env` disagree about (docs/env.md).
 */
const password = pattern(
  /^[!#%&(-[\]-_a-~]{16,}$/,
  "at least 16 letters, digits and signs, without spaces, quotes, $ and \\",
);

const HOST_NAME = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;
const domain = pattern(HOST_NAME, "a domain such as example.org, in small letters");
const domains = list(domain, "host names such as app.example.org, in small letters, separated by commas");
const email = pattern(/^[^\s@"'{}\\]+@[^\s@"'{}\\]+\.[a-z]+$/, "a mail address");

/** BullMQ refuses a colon in a queue's name. */
const queues = list(
  pattern(/^[A-Za-z0-9_.-]{1,64}$/, "a queue"),
  "queues such as high, default, low, in order of priority, separated by commas: letters, digits, _ . and -",
);

/** Where backups go besides the server. */
const backupTarget = pattern(
  /^(storage-box|(\/[A-Za-z0-9._@+-]+)+|s3:https:\/\/[a-z0-9.-]+(:\d+)?(\/[A-Za-z0-9._-]+)+)$/,
  "storage-box, an S3 address such as s3:https://fsn1.your-objectstorage.com/bucket, or a folder such as /mnt/backups",
);

export const kinds = {
  backupTarget,
  choice,
  domain,
  domains,
  email,
  queues,
  command,
  debianPackages,
  folder,
  folders,
  keyPatterns,
  locations,
  path,
  pattern,
  serverTypes,
  size,
  integer,
  flag,
  hostName,
  appName,
  cidrs,
  publicKey,
  publicKeys,
  urlPath,
  calendar,
  savePoints,
  password,
};

function split(raw: string): string[] {
  try {
    const parsed: unknown = JSON.parse(raw);
    if (Array.isArray(parsed)) return parsed.map(String);
  } catch {
    // Not JSON: the comma-separated form.
  }
  return raw
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
