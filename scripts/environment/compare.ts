import { parse } from "dotenv";
import { runOverSsh, SshError } from "../engine/command-provider";
import { UserError } from "../lib/errors";
import { typed } from "../lib/places";
import type { Pulumi } from "../lib/pulumi";
import type { Subject } from "../verification/check";
import { wanted } from "./wanted";

/** How one variable differs. */
export interface Difference {
  readonly key: string;
  readonly where: "only in the configuration" | "only on the server" | "another value";
}

/**
 * Compares the `.env` that the next `up` would write with the one on the server, over one SSH connection.
 *
 * @throws UserError where the stack has no server, or it can't be asked
 */
export async function compare(pulumi: Pulumi): Promise<Difference[]> {
  const [{ app, variables }, outputs] = await Promise.all([wanted(pulumi), pulumi.outputs()]);
  if (outputs.verification === undefined)
    throw new UserError(
      `Stack ${pulumi.stack} has no server to compare with. Bring it up first: ${typed("up", "--stack", pulumi.stack)}`,
    );
  return differences(variables, parse(await onServer(outputs.verification as Subject, app)));
}

export function differences(
  here: Readonly<Record<string, string>>,
  there: Readonly<Record<string, string>>,
): Difference[] {
  return [...new Set([...Object.keys(here), ...Object.keys(there)])].sort().flatMap((key): Difference[] => {
    if (!(key in there)) return [{ key, where: "only in the configuration" }];
    if (!(key in here)) return [{ key, where: "only on the server" }];
    return here[key] === there[key] ? [] : [{ key, where: "another value" }];
  });
}

async function onServer({ host, user, privateKey, hostKey }: Subject, app: string): Promise<string> {
  const file = `/srv/${app}/shared/.env`;
  try {
    const { exitCode, stdout, stderr } = await runOverSsh(
      { host, user, privateKey, hostKey, dialErrorLimit: 1, perDialTimeout: 5 },
      { command: `sudo -n cat ${file}`, timeoutMs: 30_000 },
    );
    if (exitCode === 0) return stdout;
    throw new UserError(`${file} can't be read on ${host}: ${stderr.trim() || `exit code ${exitCode}`}`);
  } catch (error) {
    if (error instanceof SshError) throw new UserError(`The server can't be asked: ${error.message}`);
    throw error;
  }
}
