import { UserError } from "../lib/errors";
import { isMissing, type Pulumi } from "../lib/pulumi";
import type { Present } from "./plan";

/**
 * A stack's configuration.
 *
 * @param secrets whether the values of secrets are decrypted; otherwise they have none
 * @throws UserError where there is no such stack, or where its passphrase isn't known
 */
export async function configOf(pulumi: Pulumi, secrets: boolean): Promise<Present> {
  const { exitCode, stdout, output } = await pulumi.run(["config", "--json", ...(secrets ? ["--show-secrets"] : [])]);
  if (exitCode === 0) return JSON.parse(stdout);
  if (isMissing(output)) throw await pulumi.missing();
  throw new UserError(`The configuration of stack ${pulumi.stack} can't be read:\n${output}`);
}
