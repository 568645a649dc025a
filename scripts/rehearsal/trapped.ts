import { z } from "zod";
import type { RunningTwin } from "../../twin/client";
import { UserError } from "../lib/errors";

const Count = z.object({ count: z.number() });

const Trapped = z.object({
  /** Whether nothing leaves: tried when this is asked. */
  in_place: z.boolean(),
  /** Whom the application wanted to speak to; names where it had asked for one. */
  destinations: z.array(Count.extend({ protocol: z.enum(["tcp", "udp"]), host: z.string(), port: z.number() })),
  /** What it said, as far as the trap understands that. */
  said: z.array(
    z.discriminatedUnion("kind", [
      Count.extend({ kind: z.literal("mail"), from: z.string(), to: z.string(), subject: z.string() }),
      Count.extend({ kind: z.literal("http"), method: z.string(), host: z.string(), path: z.string() }),
      Count.extend({ kind: z.literal("tls"), host: z.string() }),
      Count.extend({ kind: z.literal("other") }),
    ]),
  ),
  /** How much it said beyond what is kept. */
  more: z.number(),
});

/** What an application in the trap wanted outside (see twin/trap). */
export type Trapped = z.infer<typeof Trapped>;

/**
 * Shuts the twin, before its first server: what applications send goes to the trap.
 *
 * @param answer status with which requests over HTTP are answered
 */
export async function setTrap(twin: RunningTwin, answer: number): Promise<void> {
  await control(twin, "PUT", "/trap", { answer });
}

export async function trappedOf(twin: RunningTwin, server: number): Promise<Trapped> {
  return Trapped.parse(await control(twin, "GET", `/trap/${server}`));
}

async function control(
  { endpoint, token }: RunningTwin,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const answer = await fetch(endpoint.replace(/\/v1$/, `/twin${path}`), {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new UserError(`The twin refuses ${method} ${path}: ${await answer.text()}`);
  return answer.json();
}
