import type { QueueDefinition } from "queuehost/jobs";

/** How urgent a reservation is. Each has a queue of its own, the most urgent first. */
export const PRIORITIES = ["high", "default", "low"] as const;
export type Priority = (typeof PRIORITIES)[number];

const DAY_S = 24 * 60 * 60;

/**
 * A finished job stays for a day, so that its state can be asked for and a repeated request meets it; a failed one for a week, so
 * that someone can look at it.
 */
const reservations = {
  label: "Reservation",
  keepCompleted: { age: DAY_S, count: 10_000 },
  keepFailed: { age: 7 * DAY_S, count: 10_000 },
};

/** They keep the names in Redis that they have always had. */
export const reservationQueues = {
  high: { ...reservations, storedAs: "reservation-high", description: "Reservations that can't wait" },
  default: { ...reservations, storedAs: "reservation", description: "Reservations" },
  low: { ...reservations, storedAs: "reservation-low", description: "Reservations that others may overtake" },
} as const satisfies Record<Priority, QueueDefinition>;
