import type { Queue } from "bullmq";
import { expect, test } from "vitest";
import { metricsPage } from "../../../../scripts/ssh/metrics";

const queue = (name: string) =>
  ({
    opts: { prefix: "shop" },
    exportPrometheusMetrics: async ({ prefix }: { prefix: string }) =>
      `# HELP jobs Jobs\n# TYPE jobs gauge\njobs{queue="${name}", prefix="${prefix}"} 1\n# HELP done Done\n# TYPE done counter\ndone{queue="${name}"} 2`,
  }) as unknown as Queue;

test("the lines of one metric stand together, under one heading", async () => {
  const instances = [{ unit: "shop-worker@a1", state: "active", pid: 7, restarts: 2, memory: 1024 }];
  expect(await metricsPage([queue("orders"), queue("mail")], instances)).toMatchInlineSnapshot(`
    "# HELP jobs Jobs
    # TYPE jobs gauge
    jobs{queue="orders", prefix="shop"} 1
    jobs{queue="mail", prefix="shop"} 1
    # HELP done Done
    # TYPE done counter
    done{queue="orders"} 2
    done{queue="mail"} 2
    # HELP queuehost_instance_up Whether a process of the application runs
    # TYPE queuehost_instance_up gauge
    queuehost_instance_up{instance="shop-worker@a1"} 1
    # HELP queuehost_instance_restarts_total How often it was restarted by itself
    # TYPE queuehost_instance_restarts_total counter
    queuehost_instance_restarts_total{instance="shop-worker@a1"} 2
    # HELP queuehost_instance_memory_bytes Memory that it has
    # TYPE queuehost_instance_memory_bytes gauge
    queuehost_instance_memory_bytes{instance="shop-worker@a1"} 1024
    "
  `);
});
