import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { UserError } from "../../../scripts/lib/errors";
import { Pulumi } from "../../../scripts/lib/pulumi";
import { Rehearsal } from "../../../scripts/lib/rehearsal";
import { ensureStack } from "../../../scripts/rehearsal/stack";
import type { RunningTwin } from "../../../twin/client";

/** A command line that ends with these words. */
class Saying extends Pulumi {
  constructor(
    private readonly words: string,
    private readonly exitCode: number,
  ) {
    super(`e2e-exists-${process.pid}`, {});
  }
  override run() {
    return Promise.resolve({ exitCode: this.exitCode, stdout: this.words, stderr: "", output: this.words });
  }
}

let rehearsal: Rehearsal;
beforeEach(() => {
  rehearsal = new Rehearsal(mkdtempSync(join(tmpdir(), "queuehost-exists-")));
  rehearsal.create();
});
afterEach(() => rehearsal.delete());

test("a stack is there, or pulumi says that it isn't; any other refusal is told", async () => {
  expect(await new Saying("{}", 0).exists()).toBe(true);
  expect(await new Saying("error: no stack named 'staging' found", 255).exists()).toBe(false);
  const refusal = new Saying("error: failed to load checkpoint: EOF", 255).exists();
  await expect(refusal).rejects.toThrow(UserError);
  await expect(refusal).rejects.toThrow("Nothing was changed.\nerror: failed to load checkpoint: EOF");
});

test("a rehearsal whose state can't be read keeps its configuration, and what was cut off is mended first", async () => {
  const pulumi = new Saying("error: could not open bucket", 255);
  writeFileSync(pulumi.configFile, "config: {}\n");
  const stacks = join(rehearsal.backend, ".pulumi/stacks/queuehost");
  mkdirSync(stacks, { recursive: true });
  const attributes = join(stacks, `${pulumi.stack}.json.attrs`);
  writeFileSync(attributes, "");
  try {
    await expect(ensureStack(pulumi, rehearsal, {} as RunningTwin, () => {})).rejects.toThrow("could not open bucket");
    expect(existsSync(pulumi.configFile)).toBe(true);
    expect(existsSync(attributes)).toBe(false);
  } finally {
    rmSync(pulumi.configFile);
  }
});
