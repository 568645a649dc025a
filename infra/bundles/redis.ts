import { type Bundle, bundle, hostFiles } from "./bundle";

/** Both Redis instances: the queue on port 6379, the cache on 6380, on loopback alone. */
export interface RedisSettings {
  /** sha256 of the application's password, 64 hex digits: the password itself never travels in this bundle. Secret all the same. */
  readonly passwordSha256: string;
  /** What the application's keys and channels in the queue begin with; it reaches no others. In the cache it reaches all. */
  readonly keyPrefix: string;
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
export function redisBundle({ queueSave, ...settings }: RedisSettings): Bundle {
  return bundle("redis", hostFiles("redis", { ...settings, queueSave: queueSave === "" ? '""' : queueSave }));
}
