import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type RedisSettings, redisBundle } from "../../../infra/bundles/redis";

const password = "correct-horse-battery";
const settings: RedisSettings = {
  passwordSha256: createHash("sha256").update(password).digest("hex"),
  keyPrefix: "intranet",
  keyPatterns: [],
  queueMaxmemory: "256mb",
  queueMaxmemoryPolicy: "noeviction",
  queueAppendfsync: "always",
  queueSave: "900 1 300 10 60 10000",
  cacheMaxmemory: "128mb",
  cacheMaxmemoryPolicy: "allkeys-lru",
};

const content = (path: string, changes: Partial<RedisSettings> = {}) =>
  redisBundle({ ...settings, ...changes }).files.find((file) => file.path === path)?.content;

describe("the bundle of Redis", () => {
  test("its files", () => {
    expect(redisBundle(settings).files.map(({ path, mode }) => `${mode.toString(8)} ${path}`)).toMatchInlineSnapshot(`
      [
        "755 apply.sh",
        "644 cache.acl",
        "644 lib.sh",
        "644 parts/differences.awk",
        "644 parts/scratch.sh",
        "644 parts/settings.sh",
        "644 parts/users.sh",
        "644 queue.acl",
        "644 redis-cache.conf",
        "644 redis-queue.conf",
        "644 redis-server.conf",
        "644 sysctl.conf",
      ]
    `);
  });

  test("the queue's redis.conf as a whole", () => {
    expect(content("redis-queue.conf")).toMatchInlineSnapshot(`
      "# The queue: nothing may be lost. Kept in memory, in an append-only file and in snapshots; it refuses writes rather than
      # evict, unless the configuration says otherwise.

      bind 127.0.0.1
      port 6379
      protected-mode yes
      timeout 0
      tcp-keepalive 300
      # For root and for backups, which then need no network at all.
      unixsocket /run/redis-queue/redis.sock
      unixsocketperm 770
      aclfile /etc/redis/queue.acl

      maxmemory 256mb
      maxmemory-policy noeviction

      dir /var/lib/redis/queue
      dbfilename dump.rdb
      save 900 1 300 10 60 10000
      stop-writes-on-bgsave-error yes
      rdbchecksum yes
      appendonly yes
      appendfsync always
      no-appendfsync-on-rewrite no
      aof-use-rdb-preamble yes
      auto-aof-rewrite-percentage 100
      auto-aof-rewrite-min-size 67108864

      databases 16
      disable-thp yes
      latency-monitor-threshold 100
      loglevel notice
      # To the journal.
      logfile ""
      "
    `);
  });

  test("the cache's redis.conf as a whole", () => {
    expect(content("redis-cache.conf")).toMatchInlineSnapshot(`
      "# The cache: anything in it may go. Nothing is written to disk.

      bind 127.0.0.1
      port 6380
      protected-mode yes
      timeout 0
      tcp-keepalive 300
      unixsocket /run/redis-cache/redis.sock
      unixsocketperm 770
      aclfile /etc/redis/cache.acl

      maxmemory 128mb
      maxmemory-policy allkeys-lru

      dir /var/lib/redis/cache
      save ""
      appendonly no

      databases 16
      disable-thp yes
      latency-monitor-threshold 100
      loglevel notice
      # To the journal.
      logfile ""
      "
    `);
  });

  test("the queue's users as a whole", () => {
    expect(content("queue.acl")).toMatchInlineSnapshot(`
      "user default reset on #62249369389075490555a758353aec61500c6218fa597252d52dc4bd0148f12d ~intranet:* &intranet:* +@all -@dangerous +info +client|list
      user backup reset on #- %R~* -@all +ping +time +select +info +bgsave +client|pause +client|unpause +scan +type +eval_ro +llen +lrange +zcard +zrange +hgetall
      user monitor reset on #- -@all +ping +hello +info +dbsize +lastsave +client|list +client|setname +client|setinfo +config|get +slowlog|get +slowlog|len +latency|latest +latency|histogram +acl|whoami
      user operator reset on #- ~* &* +@all
      "
    `);
  });

  test.each([
    [["bull:*", "sess:?"], "~intranet:* ~bull:* ~sess:? &intranet:* +@all"],
    [["bull:*", "*"], "~* &* +@all"],
  ])("further keys of the application: %j", (keyPatterns, rules) => {
    expect(content("queue.acl", { keyPatterns })).toContain(` ${rules}`);
  });

  test.each(["a b", "a\nuser eve on nopass", "", "a'"])(
    "a pattern that an ACL would read as more is refused: %j",
    (pattern) => {
      expect(() => redisBundle({ ...settings, keyPatterns: [pattern] })).toThrow(/^redis\.keyPatterns: should match/);
    },
  );

  test("the cache's users as a whole", () => {
    expect(content("cache.acl")).toMatchInlineSnapshot(`
      "user default reset on #62249369389075490555a758353aec61500c6218fa597252d52dc4bd0148f12d ~* &* +@all -@dangerous +info +client|list
      user monitor reset on #- -@all +ping +hello +info +dbsize +lastsave +client|list +client|setname +client|setinfo +config|get +slowlog|get +slowlog|len +latency|latest +latency|histogram +acl|whoami
      user operator reset on #- ~* &* +@all
      "
    `);
  });

  test("what is added to Debian's unit", () => {
    expect(content("redis-server.conf")).toMatchInlineSnapshot(`
      "# On top of Debian's template unit, which brings the sandbox.
      [Unit]
      # A full disk ends Redis; it comes back by itself once there is room, however long that takes.
      StartLimitIntervalSec=0

      [Service]
      RestartSec=1s
      RestartSteps=5
      RestartMaxDelaySec=30s
      # Reading a large append-only file takes longer than systemd's 90 s.
      TimeoutStartSec=15min
      # When memory runs out, others go first.
      OOMScoreAdjust=-500
      # The group (backups) may read snapshots, not write them.
      UMask=0027
      LimitCORE=0
      # Its own folder, and neither the other instance's nor its configuration.
      ReadWritePaths=
      ReadWritePaths=-/var/lib/redis/%i -/run/redis-%i
      IPAddressDeny=any
      IPAddressAllow=localhost
      "
    `);
  });

  test("no snapshots is Redis' empty word", () => {
    expect(content("redis-queue.conf", { queueSave: "" })).toContain('\nsave ""\n');
  });

  test("the password itself is nowhere in it", () => {
    expect(JSON.stringify(redisBundle(settings))).not.toContain(password);
  });

  test("a changed setting of the cache touches the cache's file alone", () => {
    const before = redisBundle(settings).files;
    const changed = redisBundle({ ...settings, cacheMaxmemory: "64mb" }).files.filter(
      (file) => !before.some((old) => old.content === file.content),
    );
    expect(changed.map(({ path }) => path)).toEqual(["redis-cache.conf"]);
  });
});
