import type { SshConnection } from "./connection";
import type { Outcome } from "./outcome";

/** A connection that could not be made or did not last: nothing that the command itself did. */
export class SshError extends Error {
  override readonly name = "SshError";
  constructor(
    message: string,
    readonly kind: Exclude<Outcome["kind"], "exited" | "signalled">,
  ) {
    super(message);
  }
}

type Failed = Exclude<Outcome, { kind: "exited" } | { kind: "signalled" }>;

/** Says what failed, against which machine, and what to look at. */
export function sshError(connection: SshConnection, failed: Failed, attempts: number, seconds: number): SshError {
  const { user = "root", host, port = 22 } = connection;
  const where = `${user}@${host}:${port}`;
  return new SshError(message(where, failed, attempts, seconds), failed.kind);
}

function message(where: string, failed: Failed, attempts: number, seconds: number): string {
  switch (failed.kind) {
    case "cancelled":
      return `cancelled while connected or connecting to ${where}`;
    case "lost":
      return `lost the connection to ${where}, the command may still be running there: ${failed.reason}`;
    case "hostKey":
      return (
        `${where} shows another host key than the pinned one (connection.hostKey): ${failed.reason}. ` +
        "Nothing was sent to it. Either the machine was made anew, or somebody else answers at its address."
      );
    case "privateKey":
      return `connection.privateKey: OpenSSH can't read it: ${failed.reason}`;
    case "client":
      return `the OpenSSH client of this machine doesn't know the option ${failed.reason}; 8.5 or later is needed`;
    case "unreachable": {
      const times = attempts === 1 ? "1 attempt" : `${attempts} attempts in ${seconds.toFixed(0)} s`;
      const denied = /Permission denied/.test(failed.reason) ? "; does the server know the key, and the user?" : "";
      return `can't connect to ${where} (${times}): ${failed.reason}${denied}`;
    }
    default: {
      const never: never = failed;
      throw new Error(`no such outcome: ${String(never)}`);
    }
  }
}
