/**
 * PM2: the backend and a worker for each group of queues, from what `npm run build` made.
 *
 * Usage: pm2 start ecosystem.config.cjs, or `npm run workers:start` for the workers alone
 */
const { join } = require("node:path");

/** Workers by name: their queues, and how many processes share them. Every queue of the table is here; a test sees to it. */
const WORKERS = {
  reservation: { queues: "high,default,low", instances: 2 },
  email: { queues: "email,email-send", instances: 2 },
  inventory: { queues: "inventory", instances: 1 },
  report: { queues: "report", instances: 1 },
  file: { queues: "file,export-jobs", instances: 1 },
  ai: { queues: "ai-processing", instances: 1 },
  webhook: { queues: "webhook-dispatch", instances: 1 },
  image: { queues: "image-processing", instances: 1 },
  analytics: { queues: "analytics-events", instances: 1 },
  notification: { queues: "notifications", instances: 1 },
  background: { queues: "tasks,maintenance", instances: 1 },
};

const NAME = process.env.APP_NAME || "queuehost";

const common = {
  cwd: __dirname,
  // Longer than DRAIN_SECONDS: running jobs are finished, or go back to the queue.
  kill_timeout: 25_000,
  max_memory_restart: "512M",
};

const workers = Object.entries(WORKERS).map(([name, { queues, instances }]) => ({
  ...common,
  name: `${NAME}-${name}-worker`,
  script: join(__dirname, "dist/worker/main.cjs"),
  exec_mode: instances > 1 ? "cluster" : "fork",
  instances,
  env: { QUEUES: queues },
}));
const backend = { ...common, name: `${NAME}-backend`, script: join(__dirname, "dist/backend/main.cjs") };

module.exports = { apps: [backend, ...workers] };
