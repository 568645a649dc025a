/** Takes a line to show. */
export type Report = (line: string) => void;

/** How often a step that goes on says so: a live line once a second, a log every 15 s. */
export const PACE = { live: 1000, log: 15_000 } as const;

/** Says what is being done, how far it is and how long it has taken, at the pace of whoever reads it. */
export class Progress {
  private readonly started = Date.now();
  private readonly timer: NodeJS.Timeout;
  private detail = "";

  /**
   * @param title what is being done
   * @param pace milliseconds between two lines; by default a second on a terminal, 15 s elsewhere
   */
  constructor(
    private readonly report: Report,
    private readonly title: string,
    pace: number = process.stdout.isTTY ? PACE.live : PACE.log,
  ) {
    report(title);
    this.timer = setInterval(() => this.say(), pace);
  }

  /** How far it is; shown with the next line. */
  at(detail: string): void {
    this.detail = detail;
  }

  /** Says at once what is worth a line of its own. */
  note(line: string): void {
    this.report(`${this.title}: ${line}`);
  }

  /** The last line of this. */
  end(outcome: string): void {
    this.stop();
    this.report(`${this.title}: ${outcome} (${elapsed(Date.now() - this.started)})`);
  }

  /** Nothing more is said. */
  stop(): void {
    clearInterval(this.timer);
  }

  private say(): void {
    const detail = this.detail ? `, ${this.detail}` : "";
    this.report(`${this.title}${detail} (${elapsed(Date.now() - this.started)})`);
  }
}

/** 7 s, 3 min 12 s. */
export function elapsed(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Of a stream, what showing lines needs. */
interface Screen {
  readonly isTTY?: boolean;
  /** Its width; 0 or missing where that isn't known. */
  readonly columns?: number;
  write(text: string): unknown;
}

/** Shows lines where the user looks: on a terminal each takes the place of the one before, elsewhere they follow each other. */
export function terminal(stream: Screen = process.stderr): { report: Report; end: () => void } {
  if (!stream.isTTY) return { report: (line) => void stream.write(`${line}\n`), end: () => {} };
  let shown = false;
  return {
    report(line) {
      shown = true;
      stream.write(`\r\x1b[2K${line.slice(0, (stream.columns || 80) - 1)}`);
    },
    end: () => void (shown && stream.write("\n")),
  };
}
