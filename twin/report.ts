/** Where progress goes: one line at a time, for a person. */
export type Report = (line: string) => void;

/** How often something that takes long says that it still runs. */
const EVERY_MS = 10_000;

/** Does something that may take long, and says so every ten seconds, and when it is done, with the time it took. */
export async function withElapsed<T>(report: Report, what: string, work: () => Promise<T>): Promise<T> {
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  report(`${what} ...`);
  const timer = setInterval(() => report(`${what} ... ${seconds()}`), EVERY_MS);
  try {
    const result = await work();
    report(`${what}: done in ${seconds()}`);
    return result;
  } finally {
    clearInterval(timer);
  }
}
