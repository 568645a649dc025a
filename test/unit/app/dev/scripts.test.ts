import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { expect, test } from "vitest";
import ecosystem from "../../../../app/ecosystem.config.cjs";
import { scripts } from "../../../../app/package.json";
import { readConfig } from "../../../../app/src/config";
import { table } from "../../../../app/src/table";
import { exampleKeys } from "../../../../infra/release/example";

const [reservations = [], ...others] = [["high", "default", "low"], ...Object.keys(table.queues).map((name) => [name])];
const alone = others.filter(([name = ""]) => !reservations.includes(name));

test("each queue has a script of its own, and the three of the reservations share one", () => {
  const expected = { "worker:reservation": `QUEUES=${reservations.join(",")} tsx src/worker.ts` };
  for (const [name] of alone) Object.assign(expected, { [`worker:${name}`]: `QUEUES=${name} tsx src/worker.ts` });
  expect(Object.fromEntries(Object.entries(scripts).filter(([name]) => name.startsWith("worker:")))).toEqual(expected);
});

test("under PM2 each queue is served by one worker", () => {
  const served = ecosystem.apps.flatMap(({ env }) => env?.QUEUES.split(",") ?? []);
  expect(served.toSorted()).toEqual(Object.keys(table.queues).toSorted());
  for (const { name, instances, exec_mode } of ecosystem.apps)
    expect(exec_mode, name).toBe(instances === undefined ? undefined : instances > 1 ? "cluster" : "fork");
});

test(".env.example is a configuration that works, and asks nothing of a stack", () => {
  const app = join(__dirname, "../../../../app");
  expect(exampleKeys(app)).toEqual([]);
  const example = readFileSync(join(app, ".env.example"), "utf8").replaceAll(/^#(?=[A-Z_]+=)/gm, "");
  expect(Object.keys(parseEnv(example)).length).toBeGreaterThan(20);
  const { settings, services } = readConfig(parseEnv(example));
  const defaults = readConfig({ MAIL_FROM: "no-reply@example.org" });
  expect({ settings, services }).toEqual({ settings: defaults.settings, services: defaults.services });
});
