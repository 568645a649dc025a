import { hostname } from "node:os";
import { describe, expect, test } from "vitest";
import { readHolders, releaseDeadLock } from "../../../../scripts/healing/lock";
import { UserError } from "../../../../scripts/lib/errors";
import type { Pulumi } from "../../../../scripts/lib/pulumi";
import { makeZombie } from "../../../support/zombie";

const FILE = "file:///state";

/** Pulumi 3.259's words. */
const refusal = (...locks: readonly [host: string, pid: number][]) =>
  [
    `error: the stack is currently locked by ${locks.length} lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.`,
    ...locks.map(
      ([host, pid]) =>
        `  s3://bucket/.pulumi/locks/organization/queuehost/staging/7f.json?endpoint=x: created by anna@${host} (pid ${pid}) at 2026-11-22T07:00:00Z`,
    ),
  ].join("\n");

/** A command line that refuses with these words, and remembers what was asked of it. */
function refusing(output: string): { pulumi: Pulumi; asked: string[] } {
  const asked: string[] = [];
  const answer = (args: readonly string[]) => {
    asked.push(args.join(" "));
    return Promise.resolve({ exitCode: 1, stdout: "", output });
  };
  const pulumi = { stack: "staging", run: answer, read: (args: readonly string[]) => answer(args).then(() => "") };
  return { pulumi: pulumi as unknown as Pulumi, asked };
}

describe("a lock", () => {
  test("names its holders", () => {
    expect(readHolders(refusal(["build-7.example", 42], ["laptop", 7]))).toEqual([
      { user: "anna", host: "build-7.example", pid: 42, since: "2026-11-22T07:00:00Z" },
      { user: "anna", host: "laptop", pid: 7, since: "2026-11-22T07:00:00Z" },
    ]);
    expect(readHolders("error: a stack named staging already exists")).toEqual([]);
  });

  test.skipIf(process.platform !== "linux")(
    "of a process that was killed here is released, reaped or not",
    async () => {
      const { pulumi, asked } = refusing(refusal([hostname(), await makeZombie()]));
      expect(await releaseDeadLock(pulumi, FILE)).toHaveLength(1);
      expect(asked).toEqual(["stack rename staging", "cancel --yes"]);
    },
  );

  test("of a process at work is left alone, and it is named", async () => {
    const { pulumi, asked } = refusing(refusal([hostname(), process.pid]));
    const released = releaseDeadLock(pulumi, FILE);
    await expect(released).rejects.toThrow(UserError);
    await expect(released).rejects.toThrow(`anna@${hostname()} (process ${process.pid}) since 2026-11-22T07:00:00Z`);
    expect(asked).not.toContain("cancel --yes");
  });

  test("on another computer is left alone, whatever its number is here", async () => {
    const { pulumi, asked } = refusing(refusal([`${hostname()}-2`, 999_999_999]));
    await expect(releaseDeadLock(pulumi, FILE)).rejects.toThrow("npx pulumi cancel --stack staging");
    expect(asked).not.toContain("cancel --yes");
  });

  test("one dead holder and one at work: nothing is released", async () => {
    const { pulumi, asked } = refusing(refusal([hostname(), 999_999_999], [hostname(), process.pid]));
    await expect(releaseDeadLock(pulumi, FILE)).rejects.toThrow(UserError);
    expect(asked).not.toContain("cancel --yes");
  });

  test("is none where the state is in Pulumi Cloud: it isn't even asked", async () => {
    const { pulumi, asked } = refusing("");
    expect(await releaseDeadLock(pulumi, "https://api.pulumi.com/anna")).toEqual([]);
    expect(asked).toEqual([]);
  });
});
