import { createHash } from "node:crypto";
import { z } from "zod";

/** What a guest sends. Unknown fields are refused, so that a misspelt one isn't lost in silence. */
export const reservationSchema = z
  .strictObject({
    guest: z.string().trim().min(1).max(120),
    email: z.email().max(254),
    resource: z.string().trim().min(1).max(120),
    from: z.iso.date(),
    to: z.iso.date(),
    persons: z.int().min(1).max(500).default(1),
  })
  .refine(({ from, to }) => from <= to, { path: ["to"], error: "should not be before `from`" });

export type Reservation = z.output<typeof reservationSchema>;

/**
 * A reservation's id: also its job id in the queue, the name of its confirmation and the key that keeps its effect
 * single. BullMQ refuses whole numbers and `:` in job ids.
 */
export const reservationId = z
  .string()
  .regex(/^(?!\d+$)[A-Za-z0-9_-]{8,64}$/, "should be 8 to 64 letters, digits, - or _, and not digits alone");

/** Tells two reservations apart: 16 hex digits over all fields, in the order of the schema. */
export function digestOf(reservation: Reservation): string {
  return createHash("sha256").update(JSON.stringify(reservation)).digest("hex").slice(0, 16);
}

/** The payload of a job. Workers check it again: a queue may hold what an older release put there. */
export const jobSchema = z.object({ reservation: reservationSchema });

/** How far a reservation has come, in the same words whether the queue or a request did the work. */
export const stateSchema = z
  .object({
    id: z.string(),
    status: z.enum(["waiting", "active", "completed", "failed"]),
    /** Percent. */
    progress: z.number().min(0).max(100),
    result: z.object({ confirmation: z.string(), confirmedAt: z.iso.datetime() }).optional(),
    /** Why it failed. */
    error: z.string().optional(),
  })
  .meta({ title: "ReservationState" });
export type ReservationState = z.output<typeof stateSchema>;
