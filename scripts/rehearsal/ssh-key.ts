import { existsSync } from "node:fs";
import type { Rehearsal } from "../lib/rehearsal";
import { run } from "../lib/run";

/** A key for the person at this machine, beside the deployment's own. */
export async function ensureSshKey({ sshKey }: Rehearsal): Promise<void> {
  if (!existsSync(sshKey)) await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "rehearsal", "-f", sshKey]);
}
