import { HETZNER } from "../../infra/config/hetzner";
import { UserError } from "../lib/errors";
import type { Pulumi } from "../lib/pulumi";
import type { Check, Subject } from "./check";
import { firewall } from "./firewall";
import { inside } from "./inside";
import { outside } from "./outside";
import { silent } from "./rows";
import { concerns } from "./script";

/** Looks at a stack's server from outside and inside, and says what was seen. */
export async function verifyStack(pulumi: Pulumi): Promise<Check[]> {
  const { verification } = await pulumi.outputs();
  if (verification === undefined)
    throw new UserError(
      `Stack ${pulumi.stack} has no server to verify. Bring it up first: npx pulumi up --stack ${pulumi.stack}`,
    );
  const [endpoint, token] = await Promise.all([pulumi.config("hcloud:endpoint"), pulumi.config("hcloud:token")]);
  return verifySubject(
    verification as Subject,
    endpoint ?? process.env.HCLOUD_ENDPOINT ?? HETZNER,
    token ?? process.env.HCLOUD_TOKEN ?? "",
  );
}

/**
 * The same for those who know what a stack's output says.
 *
 * @param endpoint of Hetzner's API
 */
export async function verifySubject(subject: Subject, endpoint: string, token: string): Promise<Check[]> {
  const checks = await Promise.all([outside(subject), firewall(subject, endpoint, token), inside(subject)]);
  return [...checks.flat(), ...silent(checks.flat(), concerns())];
}
