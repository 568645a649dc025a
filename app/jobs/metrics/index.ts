import { AggregatorRegistry, Registry } from "prom-client";
import type { RunHooks } from "../run/hooks";
import { type Holdings, measureHoldings } from "./holdings";
import { measureRuns } from "./runs";
import { SharedMetrics } from "./shared";

/** The content type of what `Jobs.metrics` gives. */
export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** What the processes of this machine ran, and what queues and task table hold, for Prometheus. */
export interface Metrics {
  readonly hooks: RunHooks;
  /** Notes that this process takes jobs, and shows its metrics to the others from now on. */
  working(): void;
  render(): Promise<string>;
  close(): Promise<void>;
}

export function openMetrics(stateDir: string, holdings: Holdings): Metrics {
  const { registry, hooks, working } = measureRuns();
  const shared = new SharedMetrics(stateDir, registry);
  return {
    hooks,
    working() {
      working(true);
      shared.start();
    },
    async render() {
      const held = await measureHoldings(holdings);
      const own = [await registry.getMetricsAsJSON(), await held.getMetricsAsJSON()];
      return await AggregatorRegistry.aggregate([...own, ...(await shared.others())]).metrics();
    },
    async close() {
      working(false);
      await shared.stop();
    },
  };
}
