import { Agent, type IncomingHttpHeaders, request as plain } from "node:http";
import { request as secure } from "node:https";

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask {
  /** Host name that is asked for; the address that is called is that of the URL. */
  readonly name?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly agent?: Agent;
}

/** One request; follows nothing, trusts every certificate. */
export function ask(url: string, { name, method = "GET", headers = {}, body, agent }: Ask = {}): Promise<Answer> {
  return new Promise((answer, fail) => {
    const options = {
      method,
      ...(agent && { agent }),
      headers: { ...headers, ...(name && { host: name }) },
      ...(url.startsWith("https:") && { servername: name ?? "", rejectUnauthorized: false }),
    };
    const sent = (url.startsWith("https:") ? secure : plain)(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part) => {
        text += part;
      });
      response.on("end", () => answer({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      response.on("error", fail);
    });
    sent.on("error", fail);
    sent.end(body);
  });
}

/** What many clients were answered. */
interface Tally {
  /** Answers by status; `error: ...` where there was none. */
  readonly outcomes: Record<string, number>;
  /** Answers by the header `x-instance`. */
  readonly instances: Record<string, number>;
}

/**
 * Clients that ask again and again, each on a connection of its own that it keeps, while something is done to the server.
 *
 * @returns what they were answered from the first to the last
 */
export async function underLoad(url: string, work: () => Promise<unknown>, clients = 20): Promise<Tally> {
  const tally: Tally = { outcomes: {}, instances: {} };
  const count = (of: Record<string, number>, key: string) => {
    of[key] = (of[key] ?? 0) + 1;
  };
  let over = false;
  const client = async (method: string) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!over) {
      const body = method === "POST" ? { body: "some" } : {};
      await ask(url, { method, agent, ...body }).then(
        ({ status, headers }) => {
          count(tally.outcomes, String(status));
          count(tally.instances, String(headers["x-instance"]));
        },
        (error: Error) => count(tally.outcomes, `error: ${error.message}`),
      );
    }
    agent.destroy();
  };
  const all = Array.from({ length: clients }, (_, n) => client(n % 2 === 0 ? "GET" : "POST"));
  try {
    await work();
  } finally {
    over = true;
    await Promise.all(all);
  }
  return tally;
}
