import { z } from "zod";
import type { Check, Subject } from "./check";
import { reason } from "./reason";

const Firewall = z.object({
  firewall: z.object({
    labels: z.record(z.string(), z.string()).default({}),
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
    look("no other cloud firewall but those of guests", async () => {
      const { server } = await get(`/servers/${subject.serverId}`, Server);
      const others = server.public_net.firewalls.filter(({ id }) => id !== subject.firewallId);
      const guests = await Promise.all(
        others.map(async ({ id }) => guest(id, (await get(`/firewalls/${id}`, Firewall)).firewall)),
      );
      return attachment(subject, { server }, guests);
    }),
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

/** A firewall beside the stack's own: what is wrong with it, or until when it lets a guest in. */
interface Other {
  readonly fault?: string;
  readonly words: string;
}

/** The rules of all firewalls of a server add up: a second one opens what the first doesn't name. */
function attachment(
  { serverId, firewallId }: Target,
  { server }: z.infer<typeof Server>,
  others: readonly Other[],
): Seen {
  const own = server.public_net.firewalls.find(({ id }) => id === firewallId);
  const faults = [
    ...(own === undefined ? [`firewall ${firewallId} isn't attached`] : []),
    ...(own !== undefined && own.status !== "applied" ? [`firewall ${firewallId} is ${own.status}`] : []),
    ...others.flatMap(({ fault }) => fault ?? []),
  ];
  const seen = [`applied to server ${serverId}`, ...others.map(({ words }) => words)];
  return { ok: faults.length === 0, seen: (faults.length > 0 ? faults : seen).join("; ") };
}

/** One that `allow-me` made opens port 22 alone, to few, until a time that isn't over. */
function guest(id: number, { labels, rules }: z.infer<typeof Firewall>["firewall"]): Other {
  if (labels["managed-by"] !== "queuehost" || labels.guest === undefined)
    return { fault: `attached besides: ${id}`, words: "" };
  const who = `guest ${labels.guest}`;
  const opens = rules.map((rule) => line(rule.direction, rule.protocol, rule.port, rule.source_ips));
  const isWide = rules.some(({ source_ips }) => source_ips.some((range) => range.endsWith("/0")));
  const fault = opens.find((rule) => isWide || !rule.startsWith("in tcp/22 from "));
  if (fault !== undefined) return { fault: `${who} is let in by more than ssh: ${fault}`, words: "" };
  const until = new Date((Number(labels.until) || 0) * 1000);
  const over = until.getTime() <= Date.now();
  const words = `${who} until ${until.toISOString().slice(0, 16)}Z`;
  return over ? { fault: `still let in: ${words} (queuehost allow-me --list shuts out)`, words } : { words };
}

function line(direction: string, protocol: string, port: string | null | undefined, from: readonly string[]): string {
  return `${direction} ${protocol}/${port ?? "any"} from ${[...from].sort().join(" ")}`;
}
