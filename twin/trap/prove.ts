import { setTimeout as sleep } from "node:timers/promises";
import type { Server } from "../state";
import type { Twin } from "../twin";
import { PROBE } from "./conversation";
import { PROBED } from "./trap";

const PATIENCE_MS = 10_000;

/** As a user that isn't root, to an address that nobody has. */
const SCRIPT = `exec setpriv --reuid=65534 --regid=65534 --clear-groups bash -c 'exec 3<>/dev/tcp/${PROBED}/9; printf %s "$0" >&3' "$1"`;

/**
 * Says something in the machine to somebody outside, and waits for it to come out of the trap.
 *
 * @returns undefined once it has; otherwise what went wrong
 */
export async function faultOfTrap(twin: Twin, server: Server): Promise<string | undefined> {
  const address = server.ipv4?.ip ?? "";
  const before = twin.trap.probesOf(address);
  let said = "nothing arrived in it";
  for (const late = Date.now() + PATIENCE_MS; Date.now() < late; await sleep(100)) {
    // At first nobody knows whether the machine's boot has come so far.
    await twin.machines
      .run(server, ["timeout", "2", "sh", "-c", SCRIPT, "sh", PROBE])
      .catch((error: Error) => (said = error.message));
    if (twin.trap.probesOf(address) > before) return undefined;
  }
  return said;
}

/**
 * Gives a machine power, and cuts it again where its application should reach nobody and the trap isn't in place.
 *
 * @throws Error that says why
 */
export async function powerOnProved(twin: Twin, server: Server): Promise<void> {
  await twin.machines.powerOn(server);
  const fault = twin.state.trap === null ? undefined : await faultOfTrap(twin, server);
  if (fault === undefined) return;
  await twin.machines.cutPower(server);
  throw new Error(`the trap of server ${server.name} isn't in place (${fault}); it stays off`);
}
