import type { Outcome, TakenJob } from "../provider/provider";
import type { Settings } from "../settings";

type Run = (job: TakenJob) => Promise<Outcome>;

/** Tells when this process has run so many jobs, or taken so much memory, that it should be started anew. */
export class Wear {
  readonly worn: Promise<string>;
  /** Whether there is a limit at all. */
  readonly counts: boolean;
  private readonly tell: (why: string) => void;
  private jobs = 0;

  constructor(private readonly settings: Pick<Settings, "maxJobs" | "maxMemoryMb">) {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.worn = promise;
    this.tell = resolve;
    this.counts = settings.maxJobs > 0 || settings.maxMemoryMb > 0;
  }

  counting(run: Run): Run {
    return async (job) => {
      const outcome = await run(job);
      this.look();
      return outcome;
    };
  }

  private look(): void {
    const { maxJobs, maxMemoryMb } = this.settings;
    this.jobs += 1;
    if (maxJobs > 0 && this.jobs >= maxJobs) this.tell(`${this.jobs} Jobs (QUEUE_MAX_JOBS=${maxJobs})`);
    if (maxMemoryMb === 0) return;
    const megabytes = Math.round(process.memoryUsage.rss() / 2 ** 20);
    if (megabytes > maxMemoryMb) this.tell(`${megabytes} MB (QUEUE_MAX_MEMORY=${maxMemoryMb})`);
  }
}
