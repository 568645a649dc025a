import { type Bundle, bundle, hostFiles } from "./bundle";
import { assertPlain } from "./names";

/** Both Redis instances: the queue on port 6379, the cache on 6380, on loopback alone. */
export interface RedisSettings {
  /** sha256 of the application's password, 64 hex digits: the password itself never travels in this bundle. Secret all the same. */
  readonly passwordSha256: string;
  /** What the application's keys and channels in the queue begin with; it reaches no others. In the cache it reaches all. */
  readonly keyPrefix: string;
  /** Patterns of further keys of the queue's Redis that the application reaches; `*` is all of them, and all channels. */
  readonly keyPatterns: readonly string[];
  /** Memory limit of the queue, such as `256mb`. Lowering it below what is in use is refused. */
  readonly queueMaxmemory: string;
  /** Any other than `noeviction` can lose jobs. */
  readonly queueMaxmemoryPolicy: string;
  /** `always` loses no acknowledged job; `everysec` up to a second's; `no` what the kernel had not written. */
  readonly queueAppendfsync: "always" | "everysec" | "no";
  /** Snapshots: pairs of seconds and changes, such as `900 1 300 10`; empty for none. */
  readonly queueSave: string;
  /** Memory limit of the cache, such as `128mb`. */
  readonly cacheMaxmemory: string;
  readonly cacheMaxmemoryPolicy: string;
}

/** The two instances and their users. A change of memory, policy, appendfsync, save or users costs no connection. */
export function redisBundle({ queueSave, keyPrefix, keyPatterns, ...settings }: RedisSettings): Bundle {
  const values = { ...settings, queueSave: queueSave === "" ? '""' : queueSave };
  return bundle("redis", hostFiles("redis", { ...values, queueKeys: queueKeys(keyPrefix, keyPatterns) }));
}

/** The patterns of an ACL: keys with `~`, channels with `&`. Redis refuses any other beside `~*`. */
function queueKeys(prefix: string, patterns: readonly string[]): string {
  const keys = patterns.map((pattern) => assertPlain("redis.keyPatterns", pattern, /^[A-Za-z0-9:._*?[\]{}^-]+$/));
  if (keys.includes("*")) return "~* &*";
  return [...[`${prefix}:*`, ...keys].map((pattern) => `~${pattern}`), `&${prefix}:*`].join(" ");
}
