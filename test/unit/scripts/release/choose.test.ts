import { expect, test } from "vitest";
import { UserError } from "../../../../scripts/lib/errors";
import { chooseRelease } from "../../../../scripts/release/choose";
import type { Kept } from "../../../../scripts/release/records";

const kept = (id: string, state: Kept["state"], epoch: number): Kept => ({
  id,
  state,
  since: new Date(epoch * 1000),
  who: "anna",
  node: "24.1.0",
  why: "",
});
const RELEASES = [
  kept("cccccccccccc", "live", 40),
  kept("dddddddddddd", "refused", 30),
  kept("bbbbbbbbbbbb", "kept", 20),
  kept("ba0000000000", "kept", 10),
];

test("goes to the release that was in service before, and never to one that was taken back", () => {
  expect(chooseRelease(RELEASES, undefined, undefined)).toEqual({
    from: "cccccccccccc",
    to: "bbbbbbbbbbbb",
    isLive: false,
  });
});

test("goes to any that is kept, by enough of its id", () => {
  expect(chooseRelease(RELEASES, "ba", undefined).to).toBe("ba0000000000");
  expect(chooseRelease(RELEASES, "dddddddddddd", undefined)).toMatchObject({ to: "dddddddddddd", isLive: false });
  expect(chooseRelease(RELEASES, "cccccccccccc", undefined)).toMatchObject({ isLive: true });
});

test("where the watch or a rollback that was cut off went back already, only records that", () => {
  const takenBack = { id: "dddddddddddd", who: "the watch", why: "12 % fail" };
  const differs = { live: "cccccccccccc", recorded: "dddddddddddd", takenBack };
  expect(chooseRelease(RELEASES, undefined, differs)).toEqual({
    from: "cccccccccccc",
    to: "cccccccccccc",
    isLive: true,
  });
  expect(chooseRelease(RELEASES, "bbb", differs)).toMatchObject({ to: "bbbbbbbbbbbb", isLive: false });
});

test("an id that isn't kept, or not only one begins with, is refused with those that there are", () => {
  for (const [wanted, says] of [
    ["bbbbbbbbbbbc", "got bbbbbbbbbbbc. Nothing was touched. Did you mean bbbbbbbbbbbb?"],
    ["b", "got b, with which several begin. Nothing was touched."],
    ["0123456789ab", "got 0123456789ab. Nothing was touched.\n"],
  ] as const) {
    const refused = () => chooseRelease(RELEASES, wanted, undefined);
    expect(refused).toThrow(UserError);
    expect(refused).toThrow(says);
    expect(refused).toThrow(/\n {2}bbbbbbbbbbbb {2}kept/);
  }
  expect(() => chooseRelease(RELEASES.slice(0, 2), undefined, undefined)).toThrow(/^There is no release to go back to/);
});
