import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundled } from "../support/bundled";

const QUEUE = `const { Queue, Worker } = require("bullmq");
const connection = { host: process.env.REDIS_HOST, port: Number(process.env.REDIS_PORT), password: process.env.REDIS_PASSWORD, maxRetriesPerRequest: null };
const prefix = process.env.QUEUE_PREFIX;
`;

const BACKEND = `${QUEUE}
const queue = new Queue("outside", { connection, prefix });
const jobs = ["mail", "mail", "hook", "broken", "fine", "fine", "fine"];
require("node:http").createServer(async (request, response) => {
  if (request.url === "/fill") await queue.addBulk(jobs.map((name, at) => ({ name, data: { at } })));
  response.end(JSON.stringify(await queue.getJobCounts("wait", "failed", "completed")));
}).listen(Number(process.env.PORT), "127.0.0.1");
`;

const WORKER = `${QUEUE}
/** Says a line, once the server has answered the one before. */
const mail = () => new Promise((done, fail) => {
  const lines = ["EHLO app", "MAIL FROM:<shop@example.org>", "RCPT TO:<ada@customer.example>", "DATA", "Subject: Your order\\r\\n\\r\\nThank you\\r\\n.", "QUIT"];
  const socket = require("node:net").connect(587, process.env.SMTP_HOST);
  socket.on("data", (text) => {
    if (!/^\\d{3} /m.test(String(text))) return;
    const next = lines.shift();
    if (next === undefined) done(socket.end());
    else socket.write(next + "\\r\\n");
  }).on("error", fail);
});
const work = {
  mail,
  hook: async () => {
    const { status } = await fetch(process.env.HOOK_URL);
    if (status !== 200) throw new Error("the hook answered " + status);
  },
  broken: async () => { throw new Error("no such column: paid"); },
  fine: async () => {},
};
new Worker("outside", (job) => work[job.name](), { connection, prefix });
setInterval(() => {}, 60_000);
`;

const MIGRATION = `${QUEUE}
const queue = new Queue("outside", { connection, prefix });
queue.add("fine", { migrated: true }).then(() => queue.close());
`;

/**
 * An application, built already, whose jobs have to do with the world outside. Its migration adds one.
 *
 * @param folder is made
 * @returns the configuration that deploys it
 */
export function jobsApp(folder: string): Record<string, string> {
  mkdirSync(join(folder, "out"), { recursive: true });
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write("package.json", JSON.stringify({ name: "jobs-app", version: "1.0.0" }));
  write(
    "package-lock.json",
    JSON.stringify({ name: "jobs-app", lockfileVersion: 3, packages: { "": { name: "jobs-app", version: "1.0.0" } } }),
  );
  write("out/backend.js", bundled(BACKEND));
  write("out/worker.js", bundled(WORKER));
  write("out/migrate.js", bundled(MIGRATION));
  return {
    "app.build": "none",
    "app.output": "out",
    "app.backend": "node backend.js",
    "app.worker": "node worker.js",
    "app.migrate": "node migrate.js",
    "app.health": "/",
  };
}
