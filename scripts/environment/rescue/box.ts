import { runOverSsh, SshError } from "../../engine/command-provider";
import { stateOf } from "../../healing/state";
import { UserError } from "../../lib/errors";
import type { Pulumi } from "../../lib/pulumi";
import type { Subject } from "../../verification/check";
import { STORAGE_BOX } from "../kept";
import { settingsOf } from "../wanted";

/** What can be seen at a Storage Box without the password of its repository. */
export interface BoxSeen {
  readonly snapshots: number;
  /** When one was last added or taken away. */
  readonly changed: Date;
}

/** Of restic's repository, in the folder that the server's key is confined to. */
const SNAPSHOTS = "queuehost/snapshots";

/**
 * Looks at the Storage Box with its owner's key, which no server has: whether there is anything to bring back.
 *
 * @throws UserError where it can't be asked
 */
export async function lookAtBox(pulumi: Pulumi): Promise<BoxSeen> {
  const [settings, { verification }, { resources }] = await Promise.all([
    settingsOf(pulumi),
    pulumi.outputs(),
    stateOf(pulumi),
  ]);
  const box = resources.find(({ type }) => type === STORAGE_BOX)?.outputs;
  const privateKey = (verification as Subject | undefined)?.boxOwnerKey;
  if (box === undefined || privateKey === undefined)
    throw new UserError(`Stack ${pulumi.stack} has no Storage Box in its state. Nothing was touched.`);
  const connection = {
    host: String(box.server),
    port: 23,
    user: String(box.username),
    privateKey,
    hostKey: settings["storageBox.hostKey"],
    dialErrorLimit: 1,
    perDialTimeout: 5,
  };
  const ask = async (command: string) => {
    const { exitCode, stdout, stderr } = await runOverSsh(connection, { command, timeoutMs: 30_000 });
    if (exitCode === 0) return stdout;
    throw new UserError(
      `The Storage Box has no backups: ${stderr.trim() || `${command}: exit code ${exitCode}`}. Nothing was touched.`,
    );
  };
  try {
    const changed = await ask(`stat -c %Y ${SNAPSHOTS}`);
    const files = (await ask(`ls ${SNAPSHOTS}`)).split("\n").filter((line) => line !== "");
    return { snapshots: files.length, changed: new Date(Number(changed) * 1000) };
  } catch (error) {
    if (!(error instanceof SshError)) throw error;
    throw new UserError(`The Storage Box can't be asked: ${error.message}. Nothing was touched.`);
  }
}
