/** A figure above or below which somebody should look. */
export interface Threshold {
  /** As the metric is called where the limits come from. */
  readonly metric: string;
  readonly alert: string;
  /** PromQL that has a value while the limit is crossed. */
  readonly expr: string;
  /** How long it has to be so. */
  readonly for: string;
  readonly summary: string;
}

export const THRESHOLDS: readonly Threshold[] = [
  {
    metric: "queue.size",
    alert: "QueueSize",
    expr: "max by (queue) (queue_size) > 1000",
    for: "5m",
    summary: "More than 1000 jobs wait in {{ $labels.queue }}",
  },
  {
    metric: "queue.wait_time",
    alert: "QueueWaitTime",
    expr: "sum by (queue) (rate(job_wait_time_seconds_sum[5m])) / sum by (queue) (rate(job_wait_time_seconds_count[5m])) > 30",
    for: "5m",
    summary: "Jobs of {{ $labels.queue }} wait for more than 30 s on average",
  },
  {
    metric: "worker.processing",
    alert: "NoWorker",
    expr: "(sum(worker_processing) or vector(0)) < 1",
    for: "1m",
    summary: "No worker takes jobs",
  },
  {
    metric: "job.failed",
    alert: "JobsFailed",
    expr: "sum by (queue) (dead_letters) > 10",
    for: "1m",
    summary: "More than 10 jobs of {{ $labels.queue }} failed for good and wait to be settled",
  },
  {
    metric: "job.duration",
    alert: "JobDuration",
    expr: "sum by (type) (rate(job_duration_seconds_sum[5m])) / sum by (type) (rate(job_duration_seconds_count[5m])) > 60",
    for: "5m",
    summary: "Jobs of the type {{ $labels.type }} take more than 60 s on average",
  },
];

/** The thresholds as a file of rules for Prometheus. */
export function alertRules(): string {
  const rules = THRESHOLDS.flatMap(({ alert, expr, for: time, summary }) => [
    `      - alert: ${alert}`,
    `        expr: ${expr}`,
    `        for: ${time}`,
    "        annotations:",
    `          summary: ${JSON.stringify(summary)}`,
  ]);
  return ["groups:", "  - name: jobs", "    rules:", ...rules, ""].join("\n");
}
