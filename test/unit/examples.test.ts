import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { parseConfig } from "../../infra/config/parse";

/** As the comments at the top of each file have them set. */
const SECRETS = { "hcloud:token": "a".repeat(64), "queuehost:redis.password": "correct-horse-battery" };

const OF_BACKUPS = { "queuehost:backups.password": "correct-horse-battery" };

test.each([
  ["staging", false, SECRETS],
  ["production", true, { ...SECRETS, ...OF_BACKUPS }],
])("Pulumi.%s.yaml needs nothing more than its secrets and the team's own addresses", (stack, protect, secrets) => {
  const { config } = parse(readFileSync(join(__dirname, `../../Pulumi.${stack}.yaml`), "utf8"));
  const read = (own: Record<string, string>) =>
    parseConfig({ stack, project: "queuehost" }, { ...config, ...secrets, ...own }, new Set(Object.keys(secrets)));
  // Whoever forgets to name them is told so, and opens ssh to nobody.
  expect(() => read({})).toThrow(/has 1 fault:\n {2}ssh\.allowedFrom: .* is not set/);
  const settings = read({ "queuehost:ssh.allowedFrom": "192.0.2.1/32" });
  expect(settings).toMatchObject({ "server.name": `queuehost-${stack}`, "server.protect": protect });
  expect(settings["ssh.authorizedKeys"]).toBeUndefined();
});
