import { lookup as resolveName } from "node:dns";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { Unrecoverable } from "queuehost/jobs";

export interface OutboundRequest {
  readonly method: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface OutboundAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

const LIMIT_MS = 10_000;
/** Bytes of an answer that are read. */
const ANSWER_BYTES = 5 * 1024 * 1024;

/** Loopback, private, link-local (the metadata of clouds), shared, multicast and reserved addresses. */
const guarded = new BlockList();
for (const [address, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const)
  guarded.addSubnet(address, bits, "ipv4");
for (const [address, bits] of [
  ["::", 127],
  // Addresses that stand for IPv4 ones, wherever a gateway translates them.
  ["64:ff9b::", 96],
  ["2002::", 16],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
] as const)
  guarded.addSubnet(address, bits, "ipv6");

/** Whether an address is one that the world can't reach, or that belongs to nobody. */
export function isPrivate(address: string): boolean {
  return guarded.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/**
 * Requests to addresses that others choose. Private addresses are refused when the connection is made, so that a name which
 * changes its address between two look-ups gains nothing; redirects aren't followed.
 */
export class Outbound {
  /** @param limitMs for a whole request. Default 10,000 */
  constructor(private readonly options: { readonly allowPrivate: boolean; readonly limitMs?: number }) {}

  /**
   * Resolves with any answer, whatever its status.
   *
   * @throws Unrecoverable where the address is one that is never asked
   */
  async request(address: string, { method, headers, body, signal }: OutboundRequest): Promise<OutboundAnswer> {
    const url = new URL(address);
    const host = url.hostname.replace(/^\[|\]$/g, "");
    if (url.protocol !== "https:" && url.protocol !== "http:")
      throw new Unrecoverable(`${url.protocol} is neither http: nor https:`);
    if (url.username !== "" || url.password !== "") throw new Unrecoverable("an address with a password isn't asked");
    if (isIP(host) !== 0 && !this.options.allowPrivate && isPrivate(host)) throw refused(host);
    const { limitMs = LIMIT_MS } = this.options;
    const limit = AbortSignal.timeout(limitMs);
    const explain = (error: unknown) => (limit.aborted ? new Error(`no answer within ${limitMs / 1000} s`) : error);
    const ended = signal ? AbortSignal.any([signal, limit]) : limit;
    return await new Promise((resolve, reject) => {
      const request = (url.protocol === "https:" ? requestHttps : requestHttp)(url, {
        method,
        headers: { ...headers, ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }) },
        lookup: this.lookup,
        signal: ended,
        agent: false,
      });
      request.on("error", (error) => reject(explain(error)));
      request.on("response", async (response) => {
        try {
          const chunks: Buffer[] = [];
          let size = 0;
          for await (const chunk of response as AsyncIterable<Buffer>) {
            size += chunk.length;
            if (size > ANSWER_BYTES) throw new Error(`the answer is longer than ${ANSWER_BYTES} bytes`);
            chunks.push(chunk);
          }
          const { statusCode: status = 0, headers } = response;
          resolve({ status, headers, body: Buffer.concat(chunks).toString("utf8") });
        } catch (error) {
          response.destroy();
          reject(explain(error));
        }
      });
      request.end(body);
    });
  }

  /** Looks a name up and gives addresses that may be asked alone. */
  private readonly lookup: LookupFunction = (hostname, options, callback) => {
    resolveName(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, "");
      const [first, ...rest] = this.options.allowPrivate ? found : found.filter(({ address }) => !isPrivate(address));
      if (!first) return callback(refused(hostname), "");
      if (options.all) callback(null, [first, ...rest]);
      else callback(null, first.address, first.family);
    });
  };
}

const refused = (host: string) =>
  new Unrecoverable(`${host} is on this machine or in a private network; WEBHOOK_ALLOW_PRIVATE=true allows that`);
