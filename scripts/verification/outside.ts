import { connect } from "node:net";
import type { Check, Subject } from "./check";

/** What the cloud firewall names; 443 may be closed until the server has a domain. */
const NAMED = [22, 80];
/** Databases, dashboards, exporters and old protocols: what is found open on servers that were set up by hand. */
const OTHERS = [
  21, 23, 25, 53, 111, 139, 389, 445, 2019, 2375, 2376, 3000, 3001, 3306, 3389, 5000, 5432, 6379, 6380, 8000, 8080,
  8081, 9000, 9090, 9100, 9121, 11211, 16379, 27017,
];
/** A filtered port answers nothing at all; the address is one round trip away, or it isn't reached. */
const DIAL_MS = 1500;

/** What somebody without any access sees of the server. */
export async function outside({ host, url }: Subject): Promise<Check[]> {
  const [named, others, health] = await Promise.all([
    Promise.all(NAMED.map((port) => answers(host, port))),
    Promise.all(OTHERS.map((port) => answers(host, port))),
    fetchHealth(url),
  ]);
  const open = OTHERS.filter((_, index) => others[index]);
  return [
    ...NAMED.map((port, index) => ({
      concern: "outside",
      name: `port ${port} answers`,
      ok: named[index] === true,
      seen: named[index] ? "open" : "no answer",
    })),
    {
      concern: "outside",
      name: "no other port answers",
      ok: open.length === 0,
      seen: open.length === 0 ? `none of ${OTHERS.length} tried` : `open: ${open.join(", ")}`,
    },
    { concern: "outside", name: "health over the proxy", ...health },
  ];
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect({ host, port, timeout: DIAL_MS });
    const end = (open: boolean) => {
      socket.destroy();
      settle(open);
    };
    socket.once("connect", () => end(true));
    socket.once("timeout", () => end(false));
    socket.once("error", () => end(false));
  });
}

async function fetchHealth(url: string): Promise<{ ok: boolean; seen: string }> {
  try {
    const response = await fetch(new URL("/health", url), { signal: AbortSignal.timeout(4000) });
    return { ok: response.status === 200, seen: `${response.status} ${(await response.text()).slice(0, 120)}` };
  } catch (error) {
    return { ok: false, seen: reason(error) };
  }
}

/** Node hides why a fetch failed in the cause. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
