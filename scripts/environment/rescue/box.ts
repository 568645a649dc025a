import { runOverSsh, SshError } from "../../engine/command-provider";
import { stateOf } from "../../healing/state";
import type { Pulumi } from "../../lib/pulumi";
import type { Subject } from "../../verification/check";
import { STORAGE_BOX } from "../kept";
import { settingsOf } from "../wanted";

/** Of restic's repository, in the folder that the server's key is confined to. */
const SNAPSHOTS = "queuehost/snapshots";

/**
 * Looks at the Storage Box with its owner's key, which no server has: whether there is anything to bring back.
 *
 * @returns how many backups it has, or why that can't be seen from here
 */
export async function lookAtBox(pulumi: Pulumi): Promise<number | string> {
  const [settings, { verification }, { resources }] = await Promise.all([
    settingsOf(pulumi),
    pulumi.outputs(),
    stateOf(pulumi),
  ]);
  const box = resources.find(({ type }) => type === STORAGE_BOX)?.outputs;
  const privateKey = (verification as Subject | undefined)?.box?.ownerKey;
  if (box === undefined || privateKey === undefined) return "the state has no Storage Box";
  const connection = {
    host: String(box.server),
    port: 23,
    user: String(box.username),
    privateKey,
    hostKey: settings["storageBox.hostKey"],
    dialErrorLimit: 1,
    perDialTimeout: 5,
  };
  const command = `ls ${SNAPSHOTS}`;
  const asked = await runOverSsh(connection, { command, timeoutMs: 30_000 }).catch((error) => {
    if (error instanceof SshError) return error.message;
    throw error;
  });
  if (typeof asked === "string") return asked;
  if (asked.exitCode === 0) return asked.stdout.split("\n").filter((line) => line !== "").length;
  return /No such file/.test(asked.stderr) ? 0 : asked.stderr.trim() || `${command}: exit code ${asked.exitCode}`;
}
