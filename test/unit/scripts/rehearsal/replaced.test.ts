import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Configured, Pulumi } from "../../../../scripts/lib/pulumi";
import { Rehearsal } from "../../../../scripts/lib/rehearsal";
import { rehearse } from "../../../../scripts/rehearsal/rehearsed";
import { assertReplaceable, warning } from "../../../../scripts/rehearsal/replaced";

/** A stack of these values, which notes what is written to it. */
class Noted extends Pulumi {
  readonly calls: unknown[][] = [];
  constructor(
    name: string,
    private readonly values: Readonly<Record<string, { value: string; secret: boolean }>>,
  ) {
    super(name, {});
  }
  override get keys(): string[] {
    return Object.keys(this.values);
  }
  override async configured(): Promise<Configured> {
    return new Map(Object.entries(this.values));
  }
  override async configure(...values: unknown[]): Promise<void> {
    this.calls.push(values);
  }
}

const staging = () =>
  new Noted("staging", {
    "hcloud:token": { value: "real", secret: true },
    "queuehost:app.migrate": { value: "npm run migrate", secret: false },
    "queuehost:env.DATABASE_URL": { value: "postgres://real", secret: true },
    "queuehost:env.LOG_LEVEL": { value: "info", secret: false },
  });

test("the warning names the variables that are taken over, and how to put others in their place", () => {
  const said = warning(staging(), { "env.LOG_LEVEL": "debug" });
  expect(said).toContain("stack staging:\n  env.DATABASE_URL\n");
  expect(said).toContain("--stack staging --set env.DATABASE_URL=VALUE");
  expect(warning(staging(), { "env.LOG_LEVEL": "debug", "env.DATABASE_URL": "" })).toBeUndefined();
});

test("what the stack doesn't set can't be replaced", () => {
  expect(() => assertReplaceable(staging(), { "env.DATABASE_URL": "x" })).not.toThrow();
  for (const key of ["env.DATABSE_URL", "app.migrate"])
    expect(() => assertReplaceable(staging(), { [key]: "x" })).toThrow(
      `--set: should name variables of stack staging, of env.DATABASE_URL, env.LOG_LEVEL, got ${key}`,
    );
});

test("the rehearsal gets the values in their place, as secret as they were, and the stack keeps its own", async () => {
  const [stack, rehearsal] = [staging(), new Noted("rehearsal", {})];
  await rehearse(stack, rehearsal, { "env.DATABASE_URL": "", "env.GONE": "x" }, () => {});
  expect(rehearsal.calls).toEqual([
    [
      { "queuehost:app.migrate": "npm run migrate", "queuehost:env.LOG_LEVEL": "info" },
      { "queuehost:env.DATABASE_URL": "" },
    ],
  ]);
  expect(stack.calls).toEqual([]);
});

test("a domain is rehearsed with certificates of its own, without its zone, and no release is held", async () => {
  const plain = (value: string) => ({ value, secret: false });
  const production = new Noted("production", {
    "queuehost:domain": plain("app.example.org"),
    "queuehost:domain.zone": plain("example.org"),
    "queuehost:domain.certificates": plain("public"),
    "queuehost:app.release": plain("0123456789ab"),
  });
  const rehearsal = new Noted("rehearsal", {});
  await rehearse(production, rehearsal, {}, () => {});
  expect(rehearsal.calls).toEqual([
    [{ "queuehost:domain": "app.example.org", "queuehost:domain.certificates": "internal" }, {}],
  ]);
});

test("they are remembered where their owner alone can read them", () => {
  const folder = mkdtempSync(join(tmpdir(), "queuehost-replaced-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const rehearsal = new Rehearsal(folder);
  expect(rehearsal.replaced).toEqual({});
  rehearsal.keepReplaced({ "env.SMTP_HOST": "sandbox.test" });
  expect(rehearsal.replaced).toEqual({ "env.SMTP_HOST": "sandbox.test" });
  expect(statSync(join(folder, "replaced.json")).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(folder, "replaced.json"), "utf8")).toContain("sandbox.test");
});
