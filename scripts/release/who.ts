import { hostname, userInfo } from "node:os";
import { PROJECT } from "../lib/places";
import { run } from "../lib/run";

/** Who gives an order, for the server's records: the address that git knows, else user@host. */
export async function whoami(folder = PROJECT): Promise<string> {
  const { exitCode, stdout } = await run("git", ["config", "user.email"], { cwd: folder });
  return plain((exitCode === 0 && stdout.trim()) || `${userInfo().username}@${hostname()}`);
}

/** One line of text: the server's records are lines with tabs between. */
export const plain = (text: string): string => text.replaceAll(/\s+/g, " ").trim();
