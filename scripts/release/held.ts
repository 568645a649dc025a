import { configOf } from "../environment/config";
import type { Pulumi } from "../lib/pulumi";

/** The key that holds a release: an `up` keeps it in service, a `deploy` lets go of it. */
const HELD = "queuehost:app.release";

/** The release that the stack's file holds; undefined where it holds none. */
export async function heldRelease(pulumi: Pulumi): Promise<string | undefined> {
  return (await configOf(pulumi, false))[HELD]?.value || undefined;
}

/** Writes into the stack's file that a release stays in service until the next deploy. */
export const hold = (pulumi: Pulumi, id: string): Promise<void> => pulumi.configure({ [HELD]: id }, {});

/** Takes that out of the stack's file. */
export const letGo = (pulumi: Pulumi): Promise<void> => pulumi.unset(HELD);

/** Does something with a copy of the stack's file that holds no release. */
export const withoutHeld = <T>(pulumi: Pulumi, use: (configFile: string) => Promise<T>): Promise<T> =>
  pulumi.without(HELD, use);
