import { z } from "zod";
import type { Check, Subject } from "./check";

const Answer = z.object({
  firewall: z.object({
    rules: z.array(
      z.object({
        direction: z.string(),
        protocol: z.string(),
        port: z.string().nullish(),
        source_ips: z.array(z.string()).default([]),
      }),
    ),
    applied_to: z.array(z.unknown()),
  }),
});

const EVERYONE = ["0.0.0.0/0", "::/0"];

/** The rules that the cloud has in force, asked of its API: a rule that somebody added in the console shows here. */
export async function firewall(subject: Subject, endpoint: string, token: string): Promise<Check[]> {
  const concern = "outside";
  const name = "cloud firewall names 22, 80, 443 alone";
  try {
    const response = await fetch(`${endpoint}/firewalls/${subject.firewallId}`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(4000),
    });
    if (!response.ok) return [{ concern, name, ok: false, seen: `the API answered ${response.status}` }];
    const { rules, applied_to } = Answer.parse(await response.json()).firewall;
    const seen = rules.map((rule) => line(rule.direction, rule.protocol, rule.port, rule.source_ips)).sort();
    const expected = [
      line("in", "tcp", "22", subject.sshAllowedFrom),
      line("in", "tcp", "80", EVERYONE),
      line("in", "tcp", "443", EVERYONE),
    ].sort();
    const extra = seen.filter((rule) => !expected.includes(rule));
    const lost = expected.filter((rule) => !seen.includes(rule));
    const faults = [
      ...extra.map((rule) => `not expected: ${rule}`),
      ...lost.map((rule) => `missing: ${rule}`),
      ...(applied_to.length === 0 ? ["applied to no server"] : []),
    ];
    return [{ concern, name, ok: faults.length === 0, seen: faults.join("; ") || `${rules.length} rules, applied` }];
  } catch (error) {
    return [{ concern, name, ok: false, seen: error instanceof Error ? error.message : String(error) }];
  }
}

function line(direction: string, protocol: string, port: string | null | undefined, from: readonly string[]): string {
  return `${direction} ${protocol}/${port ?? "any"} from ${[...from].sort().join(" ")}`;
}
