import { existsSync, readFileSync } from "node:fs";

/** Where systemd-resolved keeps the servers it asks, while /etc/resolv.conf names only itself. */
const UPSTREAM = "/run/systemd/resolve/resolv.conf";

/**
 * This computer's name servers as far as machines can reach them too (a server on 127.0.0.1 is out of their reach). Empty
 * where there is none: machines then ask Docker's, whose rules inside the machine a firewall there must not flush.
 */
export function resolvers(files: readonly string[] = ["/etc/resolv.conf", UPSTREAM]): string[] {
  for (const file of files) {
    if (!existsSync(file)) continue;
    const found = [...readFileSync(file, "utf8").matchAll(/^nameserver\s+(\S+)/gm)]
      .map(([, address = ""]) => address)
      .filter((address) => /^\d+(\.\d+){3}$/.test(address) && !address.startsWith("127."));
    if (found.length > 0) return found;
  }
  return [];
}
