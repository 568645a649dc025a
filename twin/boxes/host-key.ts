import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Host key that all Storage Boxes of a twin show, as Hetzner's show one: OpenSSH's own texts. */
export interface HostKey {
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA...` */
  readonly publicKey: string;
}

const FILE = "storage-box-host-key";

/** Where a twin's state folder holds it. */
export const HOST_KEY_FILES = [FILE, `${FILE}.pub`] as const;

/** The key of the twin of this folder, made when there is none yet. */
export function hostKey(stateDir: string): HostKey {
  const path = join(stateDir, FILE);
  if (!existsSync(path)) {
    const made = `${path}.new`;
    for (const leftover of [made, `${made}.pub`]) rmSync(leftover, { force: true });
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", made]);
    renameSync(`${made}.pub`, `${path}.pub`);
    renameSync(made, path);
  }
  const [type, key] = readFileSync(`${path}.pub`, "utf8").trim().split(" ");
  return { privateKey: readFileSync(path, "utf8"), publicKey: `${type} ${key}` };
}
