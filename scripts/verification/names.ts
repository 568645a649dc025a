import { promises as dns } from "node:dns";
import { get as getPlain } from "node:http";
import { get as getSecure } from "node:https";
import { isIP } from "node:net";
import { connect, type PeerCertificate } from "node:tls";
import type { Check } from "./check";
import type { Target } from "./outside";
import { reason } from "./reason";

const TIMEOUT_MS = 4000;
/** An authority's certificates are renewed a month before they end. */
const LEFT_DAYS = 7;

interface Answer {
  readonly status: number;
  /** Seconds, where the answer names them. */
  readonly retryAfter: string | undefined;
  readonly location: string | undefined;
  readonly body: string;
}

/**
 * One request, as a browser sends it. Where the server vouches for itself, its names may be known nowhere, and its certificates
 * to nobody: the server is called by its address then, and what it shows is looked at on the server.
 */
export function ask({ host, certificates, domains = [] }: Target, url: URL): Promise<Answer> {
  const itself = certificates === "internal" && domains.includes(url.hostname);
  return new Promise((answer, fail) => {
    const options = {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      agent: false,
      ...(itself && {
        hostname: host,
        servername: url.hostname,
        rejectUnauthorized: false,
        headers: { host: url.host },
      }),
    };
    const get = url.protocol === "https:" ? getSecure : getPlain;
    get(url, options, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        body += part;
      });
      response.on("error", fail);
      response.on("end", () => {
        const { "retry-after": retryAfter, location } = response.headers;
        answer({ status: response.statusCode ?? 0, retryAfter, location, body });
      });
    }).on("error", fail);
  });
}

/** Whether each name leads to the server, and nowhere else, for whoever asks a name server. */
export async function names({ host, ipv6, domains = [], certificates }: Target): Promise<Check[]> {
  if (certificates !== "public") return [];
  const own = [host, ...(ipv6 ? [ipv6] : [])].map(plainAddress);
  return Promise.all(
    domains.map(async (domain) => {
      const found = (
        await Promise.all([dns.resolve4(domain), dns.resolve6(domain)].map((all) => all.catch(() => [])))
      ).flat();
      const ok = found.length > 0 && found.every((address) => own.includes(plainAddress(address)));
      return { concern: "outside", name: `${domain} leads to the server`, ok, seen: found.join(", ") || "no address" };
    }),
  );
}

/** One way of writing for each address: `2001:db8:0::1` and `2001:db8::1` are the same. */
function plainAddress(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname : address;
}

/** What the server shows for each name. */
export async function certificates({ host, domains = [], certificates: from }: Target, port = 443): Promise<Check[]> {
  return Promise.all(
    domains.map(async (domain) => {
      const check = { concern: "outside", name: `the certificate of ${domain} is its own` };
      try {
        const { certificate, fault } = await shown({ host, port, servername: domain });
        const left = (Date.parse(certificate.valid_to) - Date.now()) / 86_400_000;
        const its = certificate.subjectaltname?.split(", ").includes(`DNS:${domain}`) ?? false;
        const trusted = from === "internal" || fault === undefined;
        const lasts = left > (from === "internal" ? 0 : LEFT_DAYS);
        const seen = trusted ? `for ${certificate.subjectaltname}, until ${certificate.valid_to}` : String(fault);
        return { ...check, ok: its && trusted && lasts, seen };
      } catch (error) {
        return { ...check, ok: false, seen: reason(error) };
      }
    }),
  );
}

interface Shown {
  readonly certificate: PeerCertificate;
  /** Why this computer doesn't trust it. */
  readonly fault: string | undefined;
}

function shown(to: { readonly host: string; readonly port: number; readonly servername: string }): Promise<Shown> {
  return new Promise((tell, fail) => {
    const socket = connect({ ...to, rejectUnauthorized: false, timeout: TIMEOUT_MS }, () => {
      const { authorized, authorizationError } = socket;
      tell({ certificate: socket.getPeerCertificate(), fault: authorized ? undefined : String(authorizationError) });
      socket.destroy();
    });
    socket.on("timeout", () => socket.destroy(new Error("no answer")));
    socket.on("error", fail);
  });
}

/** Nothing is to be had over plain HTTP, by the address neither. */
export async function redirection(target: Target, port = 80): Promise<Check[]> {
  if (target.domains === undefined || target.domains.length === 0) return [];
  const check = { concern: "outside", name: "plain HTTP leads to HTTPS" };
  try {
    const { status, location } = await ask(target, new URL(`http://${target.host}:${port}/`));
    return [
      { ...check, ok: status === 308 && location === `${target.url}/`, seen: `${status} ${location ?? ""}`.trim() },
    ];
  } catch (error) {
    return [{ ...check, ok: false, seen: reason(error) }];
  }
}
