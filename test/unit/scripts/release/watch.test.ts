import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { UserError } from "../../../../scripts/lib/errors";
import { parseStatus } from "../../../../scripts/release/records";
import { NotAsked, ReleaseServer } from "../../../../scripts/release/server";
import { followWatch, isBad } from "../../../../scripts/release/watch";
import type { Subject } from "../../../../scripts/verification/check";

vi.mock("node:timers/promises", () => ({ setTimeout: async () => vi.advanceTimersByTime(2000) }));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const status = (verdict: string, release = "bbb") =>
  `release=${release}\nwatch_release=bbb\nwatch_verdict=${verdict}\nwatch_why=12 % fail\n`;

/** A server that says these in turn; the last for good. */
class Saying extends ReleaseServer {
  constructor(private readonly answers: (string | Error)[]) {
    super("staging", {} as Subject, "bbb");
  }
  override async ask() {
    const answer = (this.answers.length > 1 ? this.answers.shift() : this.answers[0]) ?? "";
    if (answer instanceof Error) throw answer;
    return answer;
  }
}

test("the watch is followed to its verdict, over a connection that is gone for a while", async () => {
  const server = new Saying([
    status("running"),
    new NotAsked("gone"),
    status("going-back"),
    status("went-back", "aaa"),
  ]);
  const end = await followWatch(server, parseStatus(status("running")));
  expect(end).toMatchObject({ release: "aaa", watch: { verdict: "went-back" } });
  expect(isBad(end)).toBe(true);
});

test("one that is over, or never was, is what it is", async () => {
  for (const said of [status("passed"), "release=bbb\n"]) {
    const end = await followWatch(new Saying([new Error("nobody asks")]), parseStatus(said));
    expect(isBad(end)).toBe(false);
  }
});

test("a connection that doesn't come back ends it, and the watch goes on alone", async () => {
  const followed = followWatch(new Saying([new NotAsked("no route")]), parseStatus(status("running")));
  await expect(followed).rejects.toThrow(UserError);
  await expect(followed).rejects.toThrow("no route\nThe watch goes on without anybody looking.");
});
