import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type {} from "@fastify/cookie";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { ApiToken, Role } from "../config";
import { Problem } from "./problems";

const COOKIE = "queuehost_session";
const SESSION_MS = 12 * 60 * 60 * 1000;

/** Who asks, and how that is known. */
export interface Caller {
  readonly role: Role;
  readonly by: "token" | "session" | "loopback";
}

/**
 * Who may do what: viewers read, operators change. A caller shows a token of API_TOKENS, or the cookie that a login with one
 * gave. Without API_TOKENS, in development, everybody on this machine is an operator.
 */
export class Access {
  constructor(
    private readonly tokens: readonly ApiToken[],
    private readonly production: boolean,
  ) {}

  /** An `onRequest` hook: what only reads is for viewers, everything else for operators. */
  readonly byMethod = async (request: FastifyRequest): Promise<void> => {
    const { role } = this.caller(request);
    if (isRead(request) || role === "operator") return;
    throw new Problem(403, "A viewer may read; this takes an operator's token.");
  };

  /** @throws Problem 401 or 403 that says what is missing */
  caller(request: FastifyRequest): Caller {
    const caller = this.identify(request);
    if (caller) return caller;
    if (request.headers.authorization === undefined && !mayChange(request)) throw new Problem(403, ELSEWHERE);
    if (this.tokens.length > 0) throw new Problem(401, "Send `Authorization: Bearer <token>`, or log in.");
    throw new Problem(403, this.closed());
  }

  /** Whether a page should ask for a token: there are some, and this caller shows none. */
  needsLogin(request: FastifyRequest): boolean {
    return this.tokens.length > 0 && !this.identify(request);
  }

  identify(request: FastifyRequest): Caller | undefined {
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      const found = this.find(/^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? "");
      return found && { role: found.role, by: "token" };
    }
    // A browser sends a cookie, and reaches this machine, for any page that it shows: only our own may change things.
    if (!mayChange(request)) return undefined;
    const role = this.sessionRole(request.cookies[COOKIE] ?? "");
    if (role) return { role, by: "session" };
    const open = this.tokens.length === 0 && !this.production;
    return open && isLoopback(request) ? { role: "operator", by: "loopback" } : undefined;
  }

  /** Gives the bearer of a token a cookie for 12 hours; it ends with its token too. */
  login(token: string, request: FastifyRequest, reply: FastifyReply): Role {
    if (this.tokens.length === 0) throw new Problem(403, this.closed());
    const found = this.find(token);
    if (!found) throw new Problem(401, "This token is not one of API_TOKENS.");
    const expires = String(Date.now() + SESSION_MS);
    reply.setCookie(COOKIE, `${expires}.${sign(expires, found.token)}`, {
      ...cookieFor(request),
      maxAge: SESSION_MS / 1000,
    });
    return found.role;
  }

  logout(request: FastifyRequest, reply: FastifyReply): void {
    reply.clearCookie(COOKIE, cookieFor(request));
  }

  private find(token: string): ApiToken | undefined {
    const matches = this.tokens.filter((known) => isSame(known.token, token));
    return matches[0];
  }

  private sessionRole(cookie: string): Role | undefined {
    const [expires = "", mac = ""] = cookie.split(".");
    if (!(Number(expires) > Date.now())) return undefined;
    return this.tokens.find(({ token }) => isSame(sign(expires, token), mac))?.role;
  }

  private closed(): string {
    const set = "Set API_TOKENS=operator:<token of 24 characters at least> in .env and start again";
    return this.production ? `${set}.` : `${set}; without it, only this machine itself may ask, as localhost.`;
  }
}

const ELSEWHERE =
  "This comes from a page of another site, and only this application's own may change anything. Programs send `Authorization: Bearer <token>`.";

const isRead = ({ method }: FastifyRequest) => method === "GET" || method === "HEAD";

function cookieFor(request: FastifyRequest) {
  return { path: "/", httpOnly: true, sameSite: "strict", secure: request.protocol === "https" } as const;
}

function sign(expires: string, token: string): string {
  return createHmac("sha256", `session\0${token}`).update(expires).digest("hex");
}

/** Compares in a time that tells nothing of where they differ, nor of their lengths. */
function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash("sha256").update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(a, b);
}

/** Whether it only reads, or comes from a page of ours, or from no page at all. Browsers of old say only the Origin. */
function mayChange(request: FastifyRequest): boolean {
  const { origin, "sec-fetch-site": site } = request.headers;
  if (isRead(request) || site === "same-origin" || site === "none") return true;
  if (site !== undefined) return false;
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === request.host.toLowerCase());
}

/**
 * From this machine, and under its own name: a page whose name was made to point here is none of ours. What comes by a proxy comes
 * from elsewhere; such a page could name any host in the headers of one.
 */
export function isLoopback({ headers, ip }: FastifyRequest): boolean {
  if (Object.keys(headers).some((name) => name.startsWith("x-forwarded-"))) return false;
  return /^(::ffff:)?127\.|^::1$/.test(ip) && /^(localhost|127\.[\d.]+|\[::1\])(:\d+)?$/i.test(headers.host ?? "");
}
