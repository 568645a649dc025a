import type { AppProcess } from "./app";

/** Both sides of the application on the server. */
export const SIDES = ["a", "b"] as const;
export type Side = (typeof SIDES)[number];

/** The instances of a process, and how far the ports of the two sides are apart. */
export const MAX_INSTANCES = 8;

/** Where an instance of the backend listens; the first has the number 1. */
export function portOf(port: number, side: Side, number: number): number {
  return port + (side === "b" ? MAX_INSTANCES : 0) + number - 1;
}

/** What a process has in place of what `.env` says. */
export function variablesOf({ name, concurrency, queues }: AppProcess, port: number): Record<string, string> {
  return {
    ...(name === "backend" && { PORT: String(port) }),
    ...(concurrency !== undefined && { QUEUE_CONCURRENCY: String(concurrency) }),
    ...(queues !== undefined && { QUEUES: queues.join(",") }),
  };
}

/** 1 to as many as there are. */
export function numbers(instances: number): number[] {
  if (!Number.isInteger(instances) || instances < 1 || instances > MAX_INSTANCES)
    throw new Error(`instances: should be 1 to ${MAX_INSTANCES}, got ${instances}`);
  return Array.from({ length: instances }, (_, index) => index + 1);
}
