import { z } from "zod";
import type { Check, Subject } from "./check";
import { reason } from "./reason";

const Firewall = z.object({
  firewall: z.object({
    rules: z.array(
      z.object({
        direction: z.string(),
        protocol: z.string(),
        port: z.string().nullish(),
        source_ips: z.array(z.string()).default([]),
      }),
    ),
  }),
});

/** The server's own view: it holds firewalls that were attached by a label, too. */
const Server = z.object({
  server: z.object({
    public_net: z.object({ firewalls: z.array(z.object({ id: z.number(), status: z.string() })) }),
  }),
});

type Target = Pick<Subject, "serverId" | "firewallId" | "sshAllowedFrom">;

const EVERYONE = ["0.0.0.0/0", "::/0"];

/** What the cloud has in force, asked of its API: what somebody changed in the console shows here. */
export async function firewall(subject: Target, endpoint: string, token: string): Promise<Check[]> {
  const get = async <T>(path: string, shape: z.ZodType<T>): Promise<T> => {
    const response = await fetch(`${endpoint}${path}`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(4000),
    });
    if (!response.ok) throw new Error(`the API answered ${response.status}`);
    const { success, data, error } = shape.safeParse(await response.json());
    if (!success) throw new Error(`not the API's answer: ${z.prettifyError(error).replaceAll(/\s+/g, " ")}`);
    return data;
  };
  return await Promise.all([
    look("cloud firewall names 22, 80, 443 alone", async () =>
      rules(subject, await get(`/firewalls/${subject.firewallId}`, Firewall)),
    ),
    look("cloud firewall is the server's only one", async () =>
      attachment(subject, await get(`/servers/${subject.serverId}`, Server)),
    ),
  ]);
}

type Seen = Pick<Check, "ok" | "seen">;

async function look(name: string, probe: () => Promise<Seen>): Promise<Check> {
  const seen = await probe().catch((error: unknown) => ({
    ok: false,
    seen: reason(error),
  }));
  return { concern: "outside", name, ...seen };
}

function rules({ sshAllowedFrom }: Target, { firewall }: z.infer<typeof Firewall>): Seen {
  const seen = firewall.rules.map((rule) => line(rule.direction, rule.protocol, rule.port, rule.source_ips));
  const expected = [
    line("in", "tcp", "22", sshAllowedFrom),
    line("in", "tcp", "80", EVERYONE),
    line("in", "tcp", "443", EVERYONE),
  ];
  const faults = [
    ...seen.filter((rule) => !expected.includes(rule)).map((rule) => `not expected: ${rule}`),
    ...expected.filter((rule) => !seen.includes(rule)).map((rule) => `missing: ${rule}`),
  ];
  return { ok: faults.length === 0, seen: faults.join("; ") || `${seen.length} rules` };
}

/** The rules of all firewalls of a server add up: a second one opens what the first doesn't name. */
function attachment({ serverId, firewallId }: Target, { server }: z.infer<typeof Server>): Seen {
  const { firewalls } = server.public_net;
  const own = firewalls.find(({ id }) => id === firewallId);
  const others = firewalls.filter(({ id }) => id !== firewallId).map(({ id }) => id);
  const faults = [
    ...(own === undefined ? [`firewall ${firewallId} isn't attached`] : []),
    ...(own !== undefined && own.status !== "applied" ? [`firewall ${firewallId} is ${own.status}`] : []),
    ...(others.length > 0 ? [`attached besides: ${others.join(", ")}`] : []),
  ];
  return { ok: faults.length === 0, seen: faults.join("; ") || `applied to server ${serverId}` };
}

function line(direction: string, protocol: string, port: string | null | undefined, from: readonly string[]): string {
  return `${direction} ${protocol}/${port ?? "any"} from ${[...from].sort().join(" ")}`;
}
