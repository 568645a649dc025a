import { configKey } from "../../infra/config/typed";
import { nameIn, stateOf } from "../healing/state";
import { UserError } from "../lib/errors";
import { projectName, typed } from "../lib/places";
import type { Pulumi } from "../lib/pulumi";
import { configOf } from "./config";

/**
 * Refuses to delete what is protected, before anything is touched.
 *
 * @throws UserError naming what is protected, and how that is lifted
 */
export async function assertUnprotected(pulumi: Pulumi): Promise<void> {
  const [config, { resources }] = await Promise.all([configOf(pulumi, false), stateOf(pulumi)]);
  const { stack } = pulumi;
  const guards = [
    ...(config["queuehost:server.protect"]?.value === "true" ? ["server.protect is true in its configuration"] : []),
    ...resources.filter(({ protect }) => protect).map(({ urn, type }) => `${type.split(":").at(-1)} ${nameIn(urn)}`),
  ];
  if (guards.length === 0) return;
  throw new UserError(
    `Stack ${stack} is protected. Nothing was touched.\n${guards.map((guard) => `  ${guard}`).join("\n")}\nTo lift that, and only then delete:\n  npx pulumi config set ${configKey("server.protect", projectName())} false --stack ${stack}\n  ${typed("up", "--stack", stack)}`,
  );
}
