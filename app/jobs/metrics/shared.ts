import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MetricObjectWithValues, MetricValue, Registry } from "prom-client";

type Series = MetricObjectWithValues<MetricValue<string>>[];

const WRITE_EVERY_MS = 5000;
/** One that hasn't written for this long, in milliseconds, is gone. */
const GONE_AFTER_MS = 30_000;

/**
 * Lets the processes of one machine show their metrics together: workers write theirs into a folder, and whoever is asked reads
 * them from there.
 */
export class SharedMetrics {
  private readonly folder: string;
  private readonly own: string;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    stateDir: string,
    private readonly registry: Registry,
    name = String(process.pid),
  ) {
    this.folder = join(stateDir, "metrics");
    this.own = `${name}.json`;
  }

  /** Writes at intervals from now on. Metrics are no reason to fail: what can't be written is missing. */
  start(): void {
    const write = () => {
      this.writing = this.write().catch(() => {});
    };
    this.timer ??= setInterval(write, WRITE_EVERY_MS).unref();
    write();
  }

  async stop(): Promise<void> {
    if (this.timer === undefined) return;
    clearInterval(this.timer);
    this.timer = undefined;
    await this.writing;
    await rm(join(this.folder, this.own), { force: true });
  }

  /** Of the other processes. */
  async others(): Promise<readonly Series[]> {
    const names = await readdir(this.folder).catch(() => []);
    const others = names.filter((name) => name.endsWith(".json") && name !== this.own);
    const read = await Promise.all(others.map((name) => this.read(join(this.folder, name)).catch(() => undefined)));
    return read.filter((series) => series !== undefined);
  }

  private async read(file: string): Promise<Series | undefined> {
    if (Date.now() - (await stat(file)).mtimeMs < GONE_AFTER_MS)
      return JSON.parse(await readFile(file, "utf8")) as Series;
    await rm(file, { force: true });
    return undefined;
  }

  private async write(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o750 });
    const part = join(this.folder, `${this.own}.part`);
    await writeFile(part, JSON.stringify(await this.registry.getMetricsAsJSON()), { mode: 0o640 });
    await rename(part, join(this.folder, this.own));
  }
}
