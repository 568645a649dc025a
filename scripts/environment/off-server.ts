import type { Pulumi } from "../lib/pulumi";
import { configOf } from "./config";

/** Where a stack's backups go besides, where that survives its server; a folder on it doesn't. */
export async function offServer(pulumi: Pulumi): Promise<string | undefined> {
  const to = (await configOf(pulumi, false))["queuehost:backups.to"]?.value ?? "";
  return to === "storage-box" || to.startsWith("s3:") ? to : undefined;
}
