import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "dotenv";
import { afterAll, expect, test } from "vitest";
import { quote, renderEnv } from "../../../infra/bundles/env-file";
import { corpus, isRefused, keyed, parseNul } from "../../support/env-corpus";

/** Of node:child_process, because it replaces the environment instead of adding to it. */
const run = promisify(execFile);

const carried = corpus().filter((value) => !isRefused(value));
const expected = keyed(carried);
const folder = mkdtempSync(join(tmpdir(), "queuehost-env-"));
const file = join(folder, ".env");
writeFileSync(file, renderEnv({}, expected));
afterAll(() => rmSync(folder, { recursive: true }));

test("values are refused by the documented rule and by no other", () => {
  const refused = corpus().filter((value) => typeof quote(value) !== "string");
  expect(refused).toEqual(corpus().filter(isRefused));
  expect(refused.length).toBeGreaterThan(300);
  expect(carried.length).toBeGreaterThan(2000);
});

test("dotenv reads every value back", () => {
  expect(parse(readFileSync(file))).toEqual(expected);
});

test("Node's --env-file reads every value back", async () => {
  const { stdout } = await run(process.execPath, [`--env-file=${file}`, "-p", "JSON.stringify(process.env)"], {
    env: {},
  });
  expect(JSON.parse(stdout)).toEqual(expected);
});

test.each(["sh", "bash"])("%s reads every value back", async (shell) => {
  const { stdout } = await run(shell, ["-c", 'set -a; . "$0"; env -0', file], { env: { LC_ALL: "C.UTF-8" } });
  expect(parseNul(stdout)).toEqual(expected);
});
