import type { SshConnection } from "./connection";
import { SshError } from "./errors";
import { withSsh } from "./session";

export interface RemoteRun {
  readonly command: string;
  readonly stdin?: string;
  /** Milliseconds for all of it, connecting included. Default: no limit. */
  readonly timeoutMs?: number;
}

export interface RemoteResult {
  /** Exit code, or null when a signal ended the command. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command on a machine. Throws SshError when the machine can't be reached or isn't the pinned one. */
export async function runOverSsh(
  connection: SshConnection,
  { command, stdin = "", timeoutMs }: RemoteRun,
): Promise<RemoteResult> {
  const options = timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(timeoutMs) };
  try {
    const { code, stdout, stderr } = await withSsh(connection, (session) => session.run(command, { stdin }), options);
    return { exitCode: code, stdout, stderr };
  } catch (error) {
    if (!(error instanceof SshError) || error.kind !== "cancelled") throw error;
    throw new SshError(`${connection.host} gave no answer within ${(timeoutMs ?? 0) / 1000} s`, "cancelled");
  }
}
