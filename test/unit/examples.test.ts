import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { parseConfig } from "../../infra/config/parse";

const SECRETS = { "hcloud:token": "a".repeat(64), "queuehost:redis.password": "correct-horse-battery" };

test.each([
  ["staging", false],
  ["production", true],
])("Pulumi.%s.yaml needs nothing more than its secrets", (stack, protect) => {
  const { config } = parse(readFileSync(join(__dirname, `../../Pulumi.${stack}.yaml`), "utf8"));
  const settings = parseConfig(
    { stack, project: "queuehost" },
    { ...config, ...SECRETS },
    new Set(Object.keys(SECRETS)),
  );
  expect(settings).toMatchObject({ "server.name": `queuehost-${stack}`, "server.protect": protect });
  // Whoever forgets to put in addresses of their own opens ssh to nobody.
  for (const range of settings["ssh.allowedFrom"]) expect(range).toMatch(/^(203\.0\.113|198\.51\.100)\./);
});
