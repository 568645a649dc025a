import { hostname, userInfo } from "node:os";
import { expect, test, vi } from "vitest";
import { parseStatus } from "../../../../scripts/release/records";
import { watchWords } from "../../../../scripts/release/watch";
import { plain, whoami } from "../../../../scripts/release/who";
import { ago, bytes, lockWords } from "../../../../scripts/release/words";

test("times and sizes are told to the eye", () => {
  const now = Date.UTC(2030, 0, 2);
  const before = (seconds: number) => ago(new Date(now - seconds * 1000), now);
  expect([0, 89, 90, 5340, 5400, 129_600].map(before)).toEqual([
    "0 s ago",
    "89 s ago",
    "2 min ago",
    "89 min ago",
    "2 h ago",
    "2 d ago",
  ]);
  expect(ago(undefined)).toBe("at an unknown time");
  expect([900, 412_345, 3_400_000, 34_000_000, 1.24e9].map(bytes)).toEqual([
    "1 kB",
    "413 kB",
    "3.4 MB",
    "34 MB",
    "1.2 GB",
  ]);
});

test("a lock says who, when and why; one of a change that died says that", () => {
  vi.useFakeTimers({ now: Date.UTC(2030, 0, 1, 12, 5) });
  const since = new Date(Date.UTC(2030, 0, 1, 12));
  const lock = { who: "anna", since, why: "stock-taking" };
  expect(lockWords(lock)).toBe("locked by anna since 2030-01-01 12:00 UTC (5 min ago): stock-taking");
  expect(lockWords({ ...lock, pid: 7 })).toBe("being changed by anna, begun 5 min ago: stock-taking");
  expect(lockWords({ ...lock, pid: 7, isDead: true })).toBe(
    "left locked by a change that died (anna, 5 min ago: stock-taking); the next one takes over",
  );
  vi.useRealTimers();
});

test("the watch is told by its verdict, with what it saw", () => {
  const words = (verdict: string) =>
    watchWords(
      parseStatus(`watch_verdict=${verdict}\nwatch_release=aaa\nwatch_until=1060\nwatch_why=12 % fail\n`),
      1_000_000,
    );
  expect(words("running")).toBe("release aaa is watched for 60 more seconds: 12 % fail");
  expect(words("went-back")).toBe("release aaa was taken back: 12 % fail");
  expect(words("something new")).toBe("release aaa something new: 12 % fail");
  expect(watchWords(parseStatus("release=aaa\n"))).toBeUndefined();
});

test("who gives an order is one line: the address that git knows, else user@host", async () => {
  vi.stubEnv("GIT_CONFIG_COUNT", "1");
  vi.stubEnv("GIT_CONFIG_KEY_0", "user.email");
  vi.stubEnv("GIT_CONFIG_VALUE_0", "anna@example.org");
  expect(await whoami()).toBe("anna@example.org");
  vi.stubEnv("GIT_CONFIG_VALUE_0", "");
  expect(await whoami()).toBe(`${userInfo().username}@${hostname()}`);
  vi.unstubAllEnvs();
  expect(plain(" a\tb\n c ")).toBe("a b c");
});
