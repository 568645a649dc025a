import { afterEach, beforeEach, expect, test } from "vitest";
import { UserError } from "../../../../scripts/lib/errors";
import { Pulumi } from "../../../../scripts/lib/pulumi";
import { assertUnlocked, disagreement, reconcile, type Seen } from "../../../../scripts/release/agree";
import { parseStatus } from "../../../../scripts/release/records";
import { assertWanted } from "../../../../scripts/release/send";
import { ReleaseServer } from "../../../../scripts/release/server";
import type { Subject } from "../../../../scripts/verification/check";

const RELEASE = "urn:pulumi:s::p::queuehost:index:QueueHost$queuehost:release:Release::queuehost-release";
const APPLIED = `${RELEASE}$command:remote:Command::queuehost-release`;
const STATE = {
  deployment: {
    resources: [
      { urn: RELEASE, type: "queuehost:release:Release" },
      { urn: `${APPLIED}-env`, type: "command:remote:Command", parent: RELEASE },
      { urn: APPLIED, type: "command:remote:Command", parent: RELEASE },
    ],
  },
};

/** A command line that knows a stack's file and state, and remembers what is set. */
class Known extends Pulumi {
  readonly set: Record<string, string> = {};
  constructor() {
    super("staging", {});
  }
  override run(args: readonly string[]) {
    const answer = args[0] === "config" ? this.configJson() : args[0] === "stack" ? STATE : {};
    return Promise.resolve({ exitCode: 0, stdout: JSON.stringify(answer), output: "" });
  }
  override async configure(plain: Readonly<Record<string, string>>) {
    Object.assign(this.set, plain);
  }
  private configJson() {
    return Object.fromEntries(Object.entries(this.set).map(([key, value]) => [key, { value }]));
  }
}

/** A server that remembers what it was asked. */
class Asked extends ReleaseServer {
  readonly asked: string[] = [];
  override async ask(...words: string[]) {
    this.asked.push(words.join(" "));
    return "";
  }
}

const TAKEN_BACK = "release=bbb\nrefused=aaa\t1700000000\tthe watch\t12 % fail\n";
let said: string[];
let pulumi: Known;
beforeEach(() => {
  said = [];
  pulumi = new Known();
});
afterEach(() => expect(Object.keys(pulumi.set).filter((key) => key !== "queuehost:app.release")).toEqual([]));

const say = (line: string) => void said.push(line);
const seen = (recorded: string, status: string): Seen & { server: Asked } => ({
  server: new Asked("staging", {} as Subject, recorded),
  status: parseStatus(status),
  releases: [],
});

test("state and server disagree where they name different releases", () => {
  expect(disagreement("aaa", parseStatus("release=aaa\n"))).toBeUndefined();
  expect(disagreement("", parseStatus("release=aaa\n"))).toBeUndefined();
  expect(disagreement("aaa", parseStatus("release=\n"))).toBeUndefined();
  expect(disagreement("aaa", parseStatus("release=bbb\n"))).toEqual({ live: "bbb", recorded: "aaa" });
  expect(disagreement("aaa", parseStatus(TAKEN_BACK))).toMatchObject({ takenBack: { who: "the watch" } });
});

test("what was taken back stays so: the next up holds what is in service, and says why", async () => {
  expect(await reconcile(pulumi, seen("aaa", TAKEN_BACK), say)).toEqual([]);
  expect(pulumi.set).toEqual({ "queuehost:app.release": "bbb" });
  expect(said[0]).toMatch(/^Release aaa was taken back by the watch .*: 12 % fail\. Release bbb is in service\.$/);
  expect(said[1]).toMatch(/app\.release = bbb .* until .*deploy --stack staging/);
  await reconcile(pulumi, seen("aaa", TAKEN_BACK), say);
  expect(said).toHaveLength(3);
});

test("a change that the state never heard of is applied again, whatever the state says", async () => {
  expect(await reconcile(pulumi, seen("aaa", "release=bbb\n"), say)).toEqual(["--replace", APPLIED]);
  expect(pulumi.set).toEqual({});
  expect(await reconcile(pulumi, seen("aaa", "release=aaa\n"), say)).toEqual([]);
  expect(said).toHaveLength(1);
});

test("a person's lock keeps everybody out; a change that is under way is the server's to wait for", () => {
  const lock = "lock_who=anna\nlock_when=1700000000\nlock_why=stock-taking\n";
  const locked = () => assertUnlocked("staging", parseStatus(lock));
  expect(locked).toThrow(UserError);
  expect(locked).toThrow(
    /staging is locked by anna since 2023-11-14 22:13 UTC .*: stock-taking\. Nothing was changed\./,
  );
  expect(locked).toThrow(/unlock --stack staging$/);
  assertUnlocked("staging", parseStatus(`${lock}lock_pid=12\n`));
  assertUnlocked("staging", parseStatus("release=aaa\n"));
});

test("a release that was taken back is deployed only with --again", async () => {
  const built = { id: "aaa", size: 1 };
  // Recorded already by an up in between.
  const before = seen("bbb", TAKEN_BACK);
  const refused = assertWanted(pulumi, before, built, false, "bert", say);
  await expect(refused).rejects.toThrow(/^Release aaa was taken back by the watch .*: 12 % fail\. Release bbb stays/);
  await expect(refused).rejects.toThrow(/deploy --stack staging --again$/);
  expect(before.server.asked).toEqual([]);
  await assertWanted(pulumi, before, built, true, "bert", say);
  expect(before.server.asked).toEqual(["allow aaa bert"]);
  await assertWanted(pulumi, before, { id: "ccc", size: 1 }, false, "bert", say);
  expect(before.server.asked).toHaveLength(1);
});
