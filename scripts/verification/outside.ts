import type { Check, Subject } from "./check";
import { type Dialled, dial } from "./dial";
import { ask, certificates, names, redirection } from "./names";
import { reason } from "./reason";

/** What is dialled, and what should come of it. */
export interface Ports {
  /** Where somebody listens. */
  readonly named: readonly number[];
  /** What the firewalls let through, whether somebody listens already or not. */
  readonly letThrough: readonly number[];
  /** Where nobody may listen. */
  readonly others: readonly number[];
}

const SSH = 22;
/** What the cloud firewall names. */
const PORTS: Ports = {
  named: [SSH, 80, 443],
  letThrough: [],
  // Databases, dashboards, exporters and old protocols: what is found open on servers that were set up by hand.
  others: [
    21, 23, 25, 53, 111, 139, 389, 445, 2019, 2375, 2376, 3000, 3001, 3306, 3389, 5000, 5432, 6379, 6380, 8000, 8080,
    8081, 9000, 9090, 9100, 9121, 11211, 16379, 27017,
  ],
};

/** 443 is closed until the server has a domain: it refuses, and isn't silent. */
const PORTS_WITHOUT_DOMAIN: Ports = { ...PORTS, named: [SSH, 80], letThrough: [443] };

export type Target = Pick<
  Subject,
  "host" | "ipv6" | "url" | "healthPath" | "sshAllowedFrom" | "domains" | "certificates"
>;

/** What somebody without any access sees of the server. */
export async function outside(target: Target, ports = portsOf(target)): Promise<Check[]> {
  const { host, ipv6, sshAllowedFrom } = target;
  const [over4, over6, ...others] = await Promise.all([
    over(host, "", ports),
    ipv6 ? over(ipv6, " over IPv6", portsOver6(sshAllowedFrom, ports)) : [],
    fetchHealth(target),
    names(target),
    certificates(target),
    redirection(target),
  ]);
  return [...over4, ...over6, ...others.flat()];
}

const portsOf = ({ domains = [] }: Target) => (domains.length > 0 ? PORTS : PORTS_WITHOUT_DOMAIN);

/**
 * Who may reach ssh over IPv4 alone must not over IPv6. Where it is some IPv6 range, whether this machine lies in it can't be
 * told from here: it isn't dialled then.
 */
export function portsOver6(sshAllowedFrom: readonly string[], { named, letThrough, others }: Ports): Ports {
  if (sshAllowedFrom.includes("::/0")) return { named, letThrough, others };
  const ranges6 = sshAllowedFrom.some((range) => range.includes(":"));
  return { named: named.filter((port) => port !== SSH), letThrough, others: ranges6 ? others : [SSH, ...others] };
}

/** @param suffix ends the name of each check */
async function over(host: string, suffix: string, { named, letThrough, others }: Ports): Promise<Check[]> {
  const ports = [...named, ...letThrough, ...others];
  const results = new Map(await Promise.all(ports.map(async (port) => [port, await dial(host, port)] as const)));
  const seen = (port: number): Dialled => results.get(port) ?? "no answer";
  const open = others.filter((port) => seen(port) === "open");
  const checks: Omit<Check, "concern">[] = [
    ...named.map((port) => ({ name: `port ${port} answers`, ok: seen(port) === "open", seen: seen(port) })),
    ...letThrough.map((port) => ({
      name: `port ${port} is let through`,
      ok: seen(port) === "open" || seen(port) === "refused",
      seen: seen(port),
    })),
    {
      name: "no other port answers",
      ok: open.length === 0,
      seen: open.length === 0 ? `none of ${others.length} tried` : `open: ${open.join(", ")}`,
    },
  ];
  // A machine without IPv6 can't look over it. Where only some ports can't be reached, it's not for want of a route.
  const skipped = suffix !== "" && [...results.values()].every((result) => result === "no route");
  return checks.map((check) => ({
    concern: "outside",
    ...check,
    name: `${check.name}${suffix}`,
    ...(skipped && { ok: true, seen: "no route from here, not looked at" }),
  }));
}

async function fetchHealth(target: Target): Promise<Check[]> {
  if (target.healthPath === undefined) return [];
  const check = { concern: "outside", name: "health over the proxy" };
  try {
    const { status, retryAfter, body } = await ask(target, new URL(target.healthPath, target.url));
    if (status === 503 && retryAfter !== undefined)
      return [{ ...check, ok: false, seen: `503: it is in maintenance, and asks to come again in ${retryAfter} s` }];
    const seen = `${status} ${body.slice(0, 120).replaceAll(/\s+/g, " ")}`;
    return [{ ...check, ok: status >= 200 && status < 400, seen }];
  } catch (error) {
    return [{ ...check, ok: false, seen: reason(error) }];
  }
}
