import type { Deployment } from "../deployment";
import type { Sent, Traffic } from "./load";

/** Traffic that enqueues jobs, and how often each of them was done. */
export interface JobTraffic extends Traffic {
  /** The jobs that the application has taken on. */
  readonly jobs: ReadonlySet<string>;
  /** How often each job had its effect, as the server's own records say. */
  effects(deployment: Deployment): Promise<ReadonlyMap<string, number>>;
}

/** Every so many requests one is a job. */
const JOB_EVERY = 5;

const json = { "content-type": "application/json" };
const get = (path: string): Sent => ({ method: "GET", path });

/**
 * Reservations, the state of the application, and a page. The worker tells the end of each job in a line of its log.
 *
 * @param run tells its jobs from those of other runs: six small letters at least
 */
export function referenceTraffic(run: string): JobTraffic {
  const jobs = new Set<string>();
  /** Without an answer from Redis in time, the request does the work itself. */
  const doneAtOnce = new Set<string>();
  const reservation = { guest: "Ada", email: "ada@example.com", resource: "Boardroom" };
  const body = JSON.stringify({ ...reservation, from: "2030-01-01", to: "2030-01-02" });
  const priorities = ["", "?priority=high", "?priority=low"];
  return {
    jobs,
    next(index) {
      if (index % JOB_EVERY !== 0) return get(index % 2 === 0 ? "/health" : "/style.css");
      const path = `/reservations${priorities[(index / JOB_EVERY) % priorities.length]}`;
      return { method: "POST", path, headers: { ...json, "idempotency-key": `${run}-${index}` }, body };
    },
    answered(sent, answer) {
      if (sent.method !== "POST") return;
      const { id, status } = JSON.parse(answer);
      jobs.add(id);
      if (status === "completed") doneAtOnce.add(id);
    },
    async effects(deployment) {
      const told = "sed -nE 's/.*Job ([a-z]+-[0-9]+) fertig .*/\\1/p'";
      const lines = await deployment.onServer(
        `journalctl --sync
        { journalctl -q -o cat --no-pager _TRANSPORT=stdout; cat /var/lib/queuehost-pm2/*/logs/*-out.log 2>/dev/null || :; } |
          ${told} | grep '^${run}-' | sort | uniq -c`,
      );
      return new Map([...[...doneAtOnce].map((id) => [id, 1] as const), ...counted(lines)]);
    },
  };
}

/** Orders, the state of the shop, and its page. The ledger has a line for each time that an order was confirmed. */
export function shopTraffic(): JobTraffic {
  const jobs = new Set<string>();
  const body = JSON.stringify({ customer: "Ada", items: [{ sku: "tea", price: 4.5, quantity: 2 }] });
  return {
    jobs,
    next(index) {
      if (index % JOB_EVERY === 0) return { method: "POST", path: "/orders", headers: json, body };
      return get(index % 2 === 0 ? "/healthz" : "/shop.css");
    },
    answered(sent, answer) {
      if (sent.method === "POST") jobs.add(JSON.parse(answer).id);
    },
    async effects(deployment) {
      const query = "select count(*), order_id from ledger group by order_id";
      return counted(await deployment.onServer(`psql -U postgres -AtF ' ' -c '${query}' corner_shop`));
    },
  };
}

/** Lines of a count and a name. */
function counted(lines: string): Map<string, number> {
  const pairs = lines.split("\n").map((line) => line.trim().split(" "));
  return new Map(pairs.flatMap(([count, id]) => (id === undefined ? [] : [[id, Number(count)]])));
}
