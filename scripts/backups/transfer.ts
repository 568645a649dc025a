import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { whoami } from "../release/who";
import type { BackupServer } from "./server";

/**
 * Brings a backup to this computer, as the tar that `upload` takes. It holds everything that the application has, secrets
 * encrypted: the file is for its owner alone (0600), and there only once it is whole.
 *
 * @throws UserError with the server's own reason
 * @throws Interrupted after Ctrl-C; nothing is left then
 */
export async function download(server: BackupServer, id: string, file: string): Promise<void> {
  const part = `${file}.part`;
  rmSync(part, { force: true });
  try {
    await server.transfer("export", [id, await whoami()], part);
    const opened = openSync(part, "r");
    fsyncSync(opened);
    closeSync(opened);
    renameSync(part, file);
  } finally {
    rmSync(part, { force: true });
  }
}

/**
 * Brings a tar of `download` to a server, where it counts once its checksums are right. A backup that is there already is left.
 *
 * @returns its id
 * @throws UserError with the server's own reason; nothing of it is there then
 */
export async function upload(server: BackupServer, file: string): Promise<string> {
  return (await server.transfer("import", [String(statSync(file).size), await whoami()], file)).trim();
}
