type Commands = Readonly<Record<string, (...values: never[]) => unknown>>;

/** The other end of `Program`: does what is asked, until nobody can ask any more. */
export function serve(commands: Commands): void {
  process.on("message", async ({ id, command, values }: { id: number; command: string; values: never[] }) => {
    try {
      const result = await commands[command]?.(...values);
      process.send?.({ id, result });
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  process.once("disconnect", async () => {
    await commands.end?.();
    process.exit(0);
  });
}

/** Tells the other end something that it didn't ask for. */
export const tell = (event: unknown): void => void process.send?.({ event });

/** Milliseconds since 1970 with fractions, the same for all processes of the computer. */
export const now = (): number => performance.timeOrigin + performance.now();
