import { expect, test } from "vitest";
import type { Finding } from "../../../../scripts/init/finding";
import { writeFindings } from "../../../../scripts/init/write";
import { Pulumi } from "../../../../scripts/lib/pulumi";

/** A stack that only notes what is written to it. */
class Noted extends Pulumi {
  readonly calls: unknown[][] = [];
  override async configure(...values: unknown[]): Promise<void> {
    this.calls.push(values);
  }
}

const FOUND: Finding[] = [
  { key: "app.name", value: "shop", why: "" },
  { key: "app.health", value: "/healthz", why: "" },
  { key: "app.node", value: "24", why: "" },
  { key: "app.port", value: "4000", why: "--set", asked: true },
  { key: "env.JWT_SECRET", value: "new", why: "", secret: true },
  { key: "redis.password", value: "made", why: "", secret: true },
];
const PRESENT = new Map(
  Object.entries({ "app.health": "/up", "app.node": "24", "app.port": "3000", "env.JWT_SECRET": "old" }).map(
    ([key, value]) => [`queuehost:${key}`, { value, secret: false }],
  ),
);

test("keeps what the stack says, but for what was asked for", async () => {
  const stack = new Noted("staging", {});
  const written = await writeFindings(stack, PRESENT, FOUND, false);
  expect(written.map(({ outcome }) => outcome)).toEqual(["new", "kept", "same", "changed", "same", "new"]);
  expect(stack.calls).toEqual([
    [{ "queuehost:app.name": "shop", "queuehost:app.port": "4000" }, { "queuehost:redis.password": "made" }],
  ]);
});

test("changes it with --overwrite, but no secret that is in use", async () => {
  const stack = new Noted("staging", {});
  const written = await writeFindings(stack, PRESENT, FOUND, true);
  expect(written.map(({ outcome }) => outcome)).toEqual(["new", "changed", "same", "changed", "same", "new"]);
});

test("writes nothing where there is nothing new", async () => {
  const stack = new Noted("staging", {});
  await writeFindings(stack, PRESENT, FOUND.slice(1, 3), false);
  expect(stack.calls).toEqual([]);
});
