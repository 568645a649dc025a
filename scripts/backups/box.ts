import { runOverSsh, SshError } from "../engine/command-provider";
import { UserError } from "../lib/errors";
import type { BoxOwner } from "../verification/check";

const KEYS = ".ssh/authorized_keys";
const MAY_DELETE = 'command="rclone serve restic --stdio ';
const APPEND_ONLY = `${MAY_DELETE}--append-only `;

/** The Storage Box's own list of keys, with the server's confined to adding, or not. */
export function confined(keys: string, appendOnly: boolean): string {
  const free = keys.replaceAll(APPEND_ONLY, MAY_DELETE);
  return appendOnly ? free.replaceAll(MAY_DELETE, APPEND_ONLY) : free;
}

/**
 * Does something while the server's own key may delete on the Storage Box. The owner's key, which may do that at any time, stays on
 * this computer.
 *
 * @throws UserError where the Box can't be reached from here, or where the server's key could not be confined again
 */
export async function whileItMayDelete<T>(box: BoxOwner, work: () => Promise<T>): Promise<T> {
  if (!box.appendOnly) return work();
  const set = (appendOnly: boolean) => confine(box, appendOnly);
  await set(false);
  try {
    return await work();
  } finally {
    await set(true).catch((error: Error) => {
      throw new UserError(
        `The server may go on deleting on the Storage Box: ${error.message}\nThe same command once more confines it again.`,
      );
    });
  }
}

/** Confines the server's key to adding, where it should be and isn't: a command that was killed may have left it free. */
export async function confineAgain(box: BoxOwner): Promise<void> {
  if (box.appendOnly) await confine(box, true);
}

async function confine(box: BoxOwner, appendOnly: boolean): Promise<void> {
  const keys = await onBox(box, `cat ${KEYS}`);
  const wanted = confined(keys, appendOnly);
  if (keys === wanted) return;
  // Half a list would let nobody in any more: it takes the other's place once it is whole.
  await onBox(box, `dd of=${KEYS}.new`, wanted);
  if ((await onBox(box, `cat ${KEYS}.new`)) !== wanted)
    throw new UserError("The Storage Box didn't take a list of keys.");
  await onBox(box, `mv ${KEYS}.new ${KEYS}`);
}

async function onBox({ host, port, user, hostKey, ownerKey }: BoxOwner, command: string, stdin = ""): Promise<string> {
  const connection = { host, port, user, hostKey, privateKey: ownerKey, dialErrorLimit: 1, perDialTimeout: 10 };
  const ended = await runOverSsh(connection, { command, stdin, timeoutMs: 30_000 }).catch((error) => {
    throw error instanceof SshError ? new UserError(`The Storage Box can't be reached: ${error.message}`) : error;
  });
  if (ended.exitCode === 0) return ended.stdout;
  throw new UserError(`The Storage Box refuses ${command}: ${ended.stderr.trim()}`);
}
