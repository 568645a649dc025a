import { runOverSsh, SshError } from "../engine/command-provider";
import { UserError } from "../lib/errors";
import type { Subject } from "../verification/check";
import { quote } from "../verification/script";

/** Seconds for which a guest who is shut out may still end what is under way, this very connection included. */
const LAST_SECONDS = 5;

/**
 * Tells the server's own firewall when a guest's sessions end, so that they do by themselves, whatever becomes of this machine.
 *
 * @param address a single one: ranges have the longest time that a guest may have
 * @param seconds from now
 * @param who for the server's records
 * @throws UserError where the server can't be told
 */
export async function tellServer(subject: Subject, address: string, seconds: number, who: string): Promise<void> {
  const set = address.includes(":") ? "guests6" : "guests4";
  const element = (more = "") => `element inet queuehost ${set} { ${address}${more} }`;
  // An older kernel leaves an entry that is there its time. It is one transaction: nobody is out meanwhile.
  const rules = [`add ${element()}`, `delete ${element()}`, `add ${element(` timeout ${seconds}s`)}`].join("\n");
  const what = `ssh ${address} ${seconds > LAST_SECONDS ? `for ${seconds} s` : "shut out"}`;
  const script = [
    "set -e",
    `nft -f - <<'RULES'\n${rules}\nRULES`,
    "log=/var/log/queuehost/audit.log",
    // Its folder comes with the first change of another concern.
    `[ ! -f "$log" ] || printf '%s\\t%s\\t%s\\tdone\\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" ${quote(who)} ${quote(what)} >>"$log"`,
    "",
  ].join("\n");
  const { host, user, privateKey, hostKey } = subject;
  const { exitCode, stderr } = await runOverSsh(
    { host, user, privateKey, hostKey, dialErrorLimit: 3, perDialTimeout: 5 },
    { command: "sudo -n bash -s", stdin: script, timeoutMs: 30_000 },
  ).catch((error) => {
    throw error instanceof SshError ? new UserError(error.message) : error;
  });
  if (exitCode === 0) return;
  if (stderr.includes("No such file or directory"))
    throw new UserError(
      "its own firewall knows no guests yet: bring it up to date first, from an address of ssh.allowedFrom",
    );
  throw new UserError(stderr.trim().split("\n")[0] || `exit code ${exitCode}`);
}

/** The same for the end: what is open from there is cut off within seconds. */
export const tellServerTheEnd = (subject: Subject, address: string, who: string): Promise<void> =>
  tellServer(subject, address, LAST_SECONDS, who);
