import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { type AnyJob, type JobState, type Jobs, openJobs, type PayloadOf, type Working } from "queuehost/jobs";
import { type CaughtMail, startMailCatcher } from "../../../../../app/dev/mail-catcher";
import { readConfig } from "../../../../../app/src/config";
import { openServices, type Services } from "../../../../../app/src/services";
import { table } from "../../../../../app/src/table";
import { waitFor } from "../../../../support/wait-for";
import { RedisServer } from "../../support/redis-server";

const APP = join(__dirname, "../../../../../app");

/** One of the application's entries in one file. */
async function bundle(entry: string, outfile: string): Promise<void> {
  const alias = { "queuehost/jobs": join(APP, "jobs/index.ts") };
  const entryPoints = [join(APP, "src", `${entry}.ts`)];
  await build({ entryPoints, outfile, alias, bundle: true, platform: "node", format: "cjs", logLevel: "error" });
}

/** A request that the other system has got. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** The application's jobs as a worker runs them: real Redis, real mail server, another system that answers by HTTP, real files. */
export class Application {
  readonly received: Received[] = [];
  /** What the other system answers: a status and a body. */
  answer: (path: string) => readonly [number, string] = () => [200, "ok"];

  private constructor(
    readonly jobs: Jobs,
    readonly services: Services,
    readonly mails: readonly CaughtMail[],
    readonly system: string,
    readonly folder: string,
    private readonly working: Working,
    private readonly closing: (() => Promise<unknown>)[],
  ) {}

  static async start(env: Record<string, string> = {}): Promise<Application> {
    const folder = mkdtempSync(join(tmpdir(), "queuehost-types-"));
    const [redis, catcher] = await Promise.all([RedisServer.start(), startMailCatcher()]);
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const system = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { settings, services } = readConfig({
      STATE_DIR: folder,
      REDIS_PORT: String(redis.port),
      SMTP_URL: `smtp://127.0.0.1:${catcher.port}`,
      MAIL_FROM: "shop@example.org",
      WEBHOOK_SECRET: "a secret of sixteen",
      WEBHOOK_ALLOW_PRIVATE: "true",
      EXTERNAL_SYSTEMS: `supplier-api=${system}/stock`,
      QUEUE_ENCRYPTION_KEY: `test:${Buffer.alloc(32, 7).toString("base64")}`,
      QUEUE_DEFAULT_BACKOFF: "50",
      ...env,
    });
    // What a sandbox runs: the worker as it is in a release, one file far from any node_modules.
    process.argv[1] = join(folder, "main.cjs");
    process.env.STATE_DIR = folder;
    await bundle("worker", process.argv[1]);
    const jobs = await openJobs(table, settings);
    const opened = await openServices(services, jobs);
    await jobs.settled;
    const working = jobs.work();
    const closing = [
      () => jobs.shutdown(),
      () => catcher.close(),
      () => new Promise((resolve) => server.close(resolve)),
      () => redis.remove(),
    ];
    const made = new Application(jobs, opened, catcher.mails, system, folder, working, closing);
    made.listen(server);
    return made;
  }

  /** Enqueues a job and waits for its end. */
  async run<Job extends AnyJob>(job: Job, payload: PayloadOf<Job>): Promise<JobState> {
    const { id } = await this.jobs.enqueue(job, payload);
    return await this.ended(id);
  }

  async ended(id: string): Promise<JobState> {
    return await waitFor(`the end of ${id}`, async () => {
      const state = await this.jobs.status(id);
      return state && ["completed", "failed", "cancelled"].includes(state.status) ? state : undefined;
    });
  }

  /** Puts a file where uploads are. */
  async upload(name: string, content: string | Buffer): Promise<string> {
    await writeFile(join(this.services.uploads.path, name), content);
    return name;
  }

  /** The mails to somebody. */
  to(address: string): readonly CaughtMail[] {
    return this.mails.filter(({ to }) => to.includes(address));
  }

  async stop(): Promise<void> {
    await this.working.stop(1000);
    for (const close of this.closing) await close();
    delete process.env.STATE_DIR;
    rmSync(this.folder, { recursive: true, force: true });
  }

  private listen(server: Server): void {
    server.on("request", async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      const path = request.url ?? "";
      this.received.push({ path, headers: request.headers, body });
      const [status, text] = this.answer(path);
      response.writeHead(status).end(text);
    });
  }
}
