import { runOverSsh, SshError } from "../engine/command-provider";
import type { Check, Subject } from "./check";
import { parse } from "./rows";
import { script } from "./script";

/** Runs every `host/<concern>/verify.sh` on the server, side by side, over one SSH connection. */
export async function inside({ host, user, privateKey, hostKey, expected }: Subject): Promise<Check[]> {
  try {
    const { exitCode, stdout, stderr } = await runOverSsh(
      { host, user, privateKey, hostKey, dialErrorLimit: 1, perDialTimeout: 5 },
      { command: "sudo -n bash -s", stdin: script(expected), timeoutMs: 60_000 },
    );
    return exitCode === 0 ? parse(stdout) : [unreachable(stderr.trim() || `ended with ${exitCode}`)];
  } catch (error) {
    if (error instanceof SshError) return [unreachable(error.message)];
    throw error;
  }
}

const unreachable = (seen: string): Check => ({ concern: "ssh", name: "connection", ok: false, seen });
