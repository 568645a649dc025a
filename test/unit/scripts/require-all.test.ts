import { Command } from "commander";
import { afterEach, expect, test, vi } from "vitest";
import { NotToBeHad, UserError } from "../../../scripts/lib/errors";
import { lackOf, requireAll } from "../../../scripts/lib/require-all";

afterEach(() => vi.unstubAllEnvs());

test("only what can't be had here is a lack; what is broken is thrown", async () => {
  expect(await lackOf(async () => "there")).toBeUndefined();
  expect(
    await lackOf(async () => {
      throw new NotToBeHad("no root and no Docker");
    }),
  ).toBe("no root and no Docker");
  for (const broken of [new UserError("building failed"), new TypeError("defect")]) {
    const failing = async () => {
      throw broken;
    };
    await expect(lackOf(failing)).rejects.toBe(broken);
  }
});

test("--require-all is asked for as an option or, in CI, by the environment", () => {
  const parsed = (...args: string[]) =>
    new Command().addOption(requireAll()).parse(args, { from: "user" }).opts().requireAll;
  vi.stubEnv("QUEUEHOST_REQUIRE_ALL", undefined);
  expect([parsed(), parsed("--require-all")]).toEqual([undefined, true]);
  vi.stubEnv("QUEUEHOST_REQUIRE_ALL", "1");
  expect(parsed()).toBe(true);
});
