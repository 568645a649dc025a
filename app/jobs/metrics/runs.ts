import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { EndedRun, RunHooks } from "../run/hooks";

/** Seconds, from a quick job to one that meets the default time limit. */
const BUCKETS = [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600];

/** What this process ran. */
export interface Runs {
  readonly registry: Registry;
  readonly hooks: RunHooks;
  /** Notes that the process begins, or ends, to take jobs. */
  working(is: boolean): void;
}

export function measureRuns(): Runs {
  const registry = new Registry();
  // A series of its own for each process: a new one begins at 0, which a sum over several would take for work done.
  registry.setDefaultLabels({ process: String(process.pid) });
  const common = { labelNames: ["queue", "type"] as const, registers: [registry] };
  const total = new Counter({ name: "jobs_total", help: "Jobs that completed, or failed for good", ...common });
  const completed = new Counter({ name: "jobs_completed_total", help: "Jobs that completed", ...common });
  const failed = new Counter({ name: "jobs_failed_total", help: "Jobs that failed for good", ...common });
  const again = new Counter({ name: "jobs_retried_total", help: "Runs that failed and are tried again", ...common });
  const wait = new Histogram({
    name: "job_wait_time_seconds",
    help: "From when a job could be taken until it was",
    buckets: BUCKETS,
    ...common,
  });
  const duration = new Histogram({ name: "job_duration_seconds", help: "Of one run", buckets: BUCKETS, ...common });
  const active = new Gauge({ name: "worker_active_jobs", help: "Jobs that run now", ...common });
  const workers = new Gauge({ name: "worker_processing", help: "1: takes jobs", registers: [registry] });
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Memory of the process",
    registers: [registry],
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });

  const endings = { completed: [total, completed], failed: [total, failed], again: [again] } as const;
  return {
    registry,
    working: (is) => workers.set(is ? 1 : 0),
    hooks: {
      started: ({ queue, type }) => active.inc({ queue, type }),
      ended: ({ queue, type, outcome, waitMs, runMs }: EndedRun) => {
        const labels = { queue, type };
        active.dec(labels);
        if (waitMs !== undefined) wait.observe(labels, waitMs / 1000);
        if (outcome === "handed back" || outcome === "cancelled") return;
        duration.observe(labels, runMs / 1000);
        for (const counter of endings[outcome]) counter.inc(labels);
      },
    },
  };
}
