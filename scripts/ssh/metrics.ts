import type { Queue } from "bullmq";
import type { Instance } from "../release/records";

/** The queues and processes as Prometheus reads them. */
export async function metricsPage(queues: readonly Queue[], instances: readonly Instance[]): Promise<string> {
  const ofQueues = await Promise.all(
    queues.map((queue) => queue.exportPrometheusMetrics({ prefix: queue.opts.prefix ?? "bull" })),
  );
  return `${grouped([...ofQueues, ofInstances(instances)].join("\n"))}\n`;
}

function ofInstances(instances: readonly Instance[]): string {
  const rows = (name: string, type: string, help: string, value: (instance: Instance) => number) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...instances.map((instance) => `${name}{instance="${instance.unit}"} ${value(instance)}`),
  ];
  return [
    ...rows("queuehost_instance_up", "gauge", "Whether a process of the application runs", ({ state }) =>
      state === "active" || state === "online" ? 1 : 0,
    ),
    ...rows(
      "queuehost_instance_restarts_total",
      "counter",
      "How often it was restarted by itself",
      ({ restarts }) => restarts,
    ),
    ...rows("queuehost_instance_memory_bytes", "gauge", "Memory that it has", ({ memory }) => memory),
  ].join("\n");
}

/** Every queue brings the whole format; Prometheus wants the lines of one metric together, and each heading once. */
function grouped(text: string): string {
  const metrics = new Map<string, Set<string>>();
  for (const line of text.split("\n").filter(Boolean)) {
    const name = /^# (?:HELP|TYPE) (\S+)/.exec(line)?.[1] ?? /^[^{\s]+/.exec(line)?.[0] ?? "";
    metrics.set(name, (metrics.get(name) ?? new Set()).add(line));
  }
  return [...metrics.values()].flatMap((lines) => [...lines]).join("\n");
}
