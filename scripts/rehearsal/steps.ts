import { Progress, terminal } from "../engine/progress";
import { Interrupted } from "../lib/interrupt";

/**
 * The steps of something long, one after another, each with its time. Ctrl-C ends it after the step that is under way; a second one
 * at once.
 */
export class Steps {
  /** How long each took, by the names that were given. */
  readonly seconds: Record<string, number> = {};
  private interrupted = false;

  /** @param left what to say where it is ended at once */
  constructor(private readonly left: string) {
    process.on("SIGINT", this.onSignal).on("SIGTERM", this.onSignal);
  }

  /** Nobody listens for Ctrl-C any more. */
  end(): void {
    process.off("SIGINT", this.onSignal).off("SIGTERM", this.onSignal);
  }

  /**
   * Does a step.
   *
   * @param work gets what takes lines about how far it is
   * @throws Interrupted where Ctrl-C came before or meanwhile
   */
  async step<T>(name: string, title: string, work: (report: (line: string) => void) => Promise<T>): Promise<T> {
    this.assertGoing();
    const shown = terminal();
    const progress = new Progress(shown.report, title);
    const began = Date.now();
    try {
      const result = await work((line) => progress.at(line.replaceAll(/\s+/g, " ").slice(0, 100)));
      this.took(name, (Date.now() - began) / 1000);
      this.assertGoing();
      progress.end("done");
      return result;
    } finally {
      progress.stop();
      shown.end();
    }
  }

  took(name: string, seconds: number): void {
    this.seconds[name] = Math.round(seconds * 10) / 10;
  }

  /** Whether somebody has pressed Ctrl-C. */
  get isInterrupted(): boolean {
    return this.interrupted;
  }

  private assertGoing(): void {
    if (this.interrupted) throw new Interrupted("Interrupted.");
  }

  private readonly onSignal = () => {
    if (this.interrupted) {
      console.error(this.left);
      process.exit(130);
    }
    this.interrupted = true;
  };
}
