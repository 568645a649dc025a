import { configKey } from "../../infra/config/typed";
import { nameIn, type Resource } from "../healing/state";
import { UserError } from "../lib/errors";
import { projectName, typed } from "../lib/places";
import type { Pulumi } from "../lib/pulumi";
import { configOf } from "./config";

/**
 * Refuses to delete what is protected, before anything is touched.
 *
 * @param goes what is to be deleted
 * @throws UserError naming what is protected, and how that is lifted
 */
export async function assertUnprotected(pulumi: Pulumi, goes: readonly Resource[]): Promise<void> {
  const config = await configOf(pulumi, false);
  const { stack } = pulumi;
  const guards = [
    ...(config["queuehost:server.protect"]?.value === "true" ? ["server.protect is true in its configuration"] : []),
    ...goes.filter(({ protect }) => protect).map(({ urn, type }) => `${type.split(":").at(-1)} ${nameIn(urn)}`),
  ];
  if (guards.length === 0) return;
  throw new UserError(
    `Stack ${stack} is protected. Nothing was touched.\n${guards.map((guard) => `  ${guard}`).join("\n")}\nTo lift that, and only then delete:\n  npx pulumi config set ${configKey("server.protect", projectName())} false --stack ${stack}\n  ${typed("up", "--stack", stack)}`,
  );
}
