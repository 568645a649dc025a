/** `npm run demo`: fills a running application with life, by its HTTP API. */
import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { crc32, deflateSync } from "node:zlib";
import { readConfig } from "./config";
import { loadEnvironment } from "./environment";

const USAGE = `Fills a running application with jobs of all kinds, by its HTTP API.

  npm run demo [-- --rounds <1 to 100, default 5>] [--url <address>]

Where the application asks for a token, an operator's is taken from API_TOKENS.`;

/** Between two rounds, in milliseconds. */
const PAUSE_MS = 1000;
const BUSINESS = 7;

/** Something that whoever runs this can mend. */
class DemoFault extends Error {
  override name = "DemoFault";
}

interface Sent {
  readonly type: string;
  readonly payload: object;
  readonly priority?: string;
  readonly at?: string;
}

/** The jobs of a round: each kind now and then, some that fail, some for later. */
function jobsOf(round: number, files: { csv: string; png: string }): Sent[] {
  const soon = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
  const to = `guest${round}@example.org`;
  const booking = {
    bookingId: `demo-${randomUUID().slice(0, 8)}`,
    customerId: "c1",
    customerEmail: to,
    location: "Room 12",
  };
  const jobs: Sent[] = [
    { type: "welcome-email", payload: { userEmail: to, userName: `Guest ${round}` } },
    { type: "process-inventory-import", payload: { businessId: BUSINESS, file: files.csv } },
    { type: "bulk-update", payload: { businessId: BUSINESS, items: [{ sku: "DEMO-1", quantity: round }] } },
    { type: "stock-check", payload: { businessId: BUSINESS, userEmail: "manager@example.org" } },
    { type: "optimise-image", payload: { file: files.png, width: 64, height: 64 } },
    { type: "process-large-dataset", payload: { to: 200_000, paceMs: 50 + round * 10 } },
    { type: "ai-request", payload: { type: "completion", model: "local-extractive", input: TEXT, options: {} } },
    { type: "booking_reminder", payload: { ...booking, bookingDate: soon(3600), lead: "15min" }, at: soon(20 + round) },
    { type: "sms_notification", payload: { to: "+491701234567", text: `Round ${round}` }, priority: "high" },
  ];
  for (let sale = 0; sale < 5; sale++) {
    const properties = { businessId: BUSINESS, amountCents: 500 + 100 * sale };
    jobs.push({ type: "track-event", payload: { name: "sale", properties, occurredAt: new Date().toISOString() } });
  }
  const report = { businessId: BUSINESS, userEmail: "manager@example.org" };
  if (round % 2 === 0) jobs.push({ type: "generate-report", payload: { ...report, reportType: "inventory-summary" } });
  else jobs.push({ type: "generate-report", payload: { ...report, reportType: "sales-analysis" } });
  if (round % 3 === 0) jobs.push({ type: "run-export", payload: { data: "events", format: "csv" } });
  // Dies at once, for the dead letters.
  if (round % 3 === 1)
    jobs.push({ type: "process-inventory-import", payload: { businessId: BUSINESS, file: "gone.csv" } });
  return jobs;
}

const TEXT = "A queue keeps what can't be done now. A worker does it later. A queue that loses a job is no queue.";

class Application {
  constructor(
    readonly url: string,
    private readonly token: string | undefined,
  ) {}

  async send(path: string, body: object | FormData): Promise<Record<string, unknown>> {
    const isForm = body instanceof FormData;
    const response = await fetch(this.url + path, {
      method: "POST",
      headers: {
        ...(isForm ? {} : { "content-type": "application/json" }),
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
      },
      body: isForm ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(15_000),
    }).catch((error: Error) => {
      const { message } = (error.cause ?? error) as Error;
      throw new DemoFault(`Nothing answers at ${this.url} (${message}). Start it: npm run dev`);
    });
    const answer = (await response.json()) as Record<string, unknown>;
    if (response.status === 401 || response.status === 403)
      throw new DemoFault(`${path}: ${String(answer.detail)} Set API_TOKENS as the application has it.`);
    if (!response.ok) throw new DemoFault(`${path} answered ${response.status}: ${JSON.stringify(answer)}`);
    return answer;
  }

  async upload(name: string, content: string | Uint8Array<ArrayBuffer>): Promise<string> {
    const form = new FormData();
    form.set("file", new Blob([content]), name);
    return String((await this.send("/api/uploads/", form)).file);
  }
}

async function main(): Promise<void> {
  const { rounds, url, help } = options();
  if (help) return void console.log(USAGE);
  loadEnvironment(__dirname);
  const config = readConfig(process.env);
  const token = config.API_TOKENS.find(({ role }) => role === "operator")?.token;
  const app = new Application(url ?? `http://${config.HOST}:${config.PORT}`, token);
  let ended = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => (ended = true));
  const files = { csv: await app.upload("stock.csv", stock()), png: await app.upload("image.png", png(256)) };
  const counts = new Map<string, number>();
  const count = (type: string) => counts.set(type, (counts.get(type) ?? 0) + 1);
  for (let round = 1; round <= rounds && !ended; round++) {
    for (const job of jobsOf(round, files)) {
      if (ended) break;
      await app.send("/api/tasks/", job);
      count(job.type);
    }
    await app.send(`/reservations?priority=${["high", "default", "low"][round % 3]}`, reservation(round));
    count("confirm");
    console.log(`round ${round} of ${rounds}`);
    if (round < rounds && !ended) await sleep(PAUSE_MS);
  }
  const all = [...counts].toSorted().map(([type, number]) => `${String(number).padStart(4)}  ${type}`);
  console.log([...all, "", `Look at ${app.url}/tasks, ${app.url}/admin/queues and ${app.url}/metrics`].join("\n"));
}

function options(): { rounds: number; url: string | undefined; help: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        rounds: { type: "string", default: "5" },
        url: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    const rounds = Number(values.rounds);
    if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100)
      throw new Error(`--rounds: should be a whole number from 1 to 100, got ${values.rounds}`);
    return { rounds, url: values.url?.replace(/\/$/, ""), help: values.help };
  } catch (error) {
    throw new DemoFault(`${(error as Error).message}\n\n${USAGE}`);
  }
}

const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
const reservation = (round: number) => {
  return {
    guest: `Guest ${round}`,
    email: "guest@example.org",
    resource: "Room 12",
    from: day(1),
    to: day(3),
    persons: 2,
  };
};

function stock(): string {
  const lines = Array.from(
    { length: 200 },
    (_, index) => `DEMO-${index + 1},Item ${index + 1},${index % 20},5,${index}.50`,
  );
  return `sku,name,quantity,reorder_level,price\n${lines.join("\n")}\n`;
}

/** A square of coloured noise: a PNG without a library. */
function png(side: number): Uint8Array<ArrayBuffer> {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const out = Buffer.alloc(8 + body.length);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body), 4 + body.length);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, 2], 8);
  const line = 1 + 3 * side;
  const pixels = randomBytes(side * line);
  for (let row = 0; row < side; row++) pixels[row * line] = 0;
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [chunk("IHDR", header), chunk("IDAT", deflateSync(pixels)), chunk("IEND", Buffer.alloc(0))];
  return new Uint8Array(Buffer.concat([signature, ...parts]));
}

main().catch((error: unknown) => {
  console.error(error instanceof DemoFault ? error.message : error);
  process.exitCode = 1;
});
