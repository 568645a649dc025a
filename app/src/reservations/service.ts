import { IdTaken, type JobState, type Jobs } from "queuehost/jobs";
import { confirm } from "../types/confirm";
import type { Confirmation, Confirmations } from "./confirmations";
import type { Priority } from "./queues";
import { digestOf, type Reservation, type ReservationState } from "./reservation";
import { digestIn } from "./template";

/** What became of a request to reserve. */
export interface Submission {
  /** queued: it waits for a worker; done: this request did the work; known: it was sent before. */
  outcome: "queued" | "done" | "known";
  state: ReservationState;
}

/** What requests can do with reservations: with a queue, and without one. */
export class Reservations {
  constructor(
    private readonly jobs: Jobs,
    private readonly confirmations: Confirmations,
  ) {}

  /**
   * Enqueues the confirmation of a reservation. Where no queue can be reached, it is done here. A reservation that was sent
   * before stays the one that it is, and one whose confirmation has failed is tried again.
   *
   * @param priority Of the job; it isn't part of the reservation.
   * @throws IdTaken when a different reservation was sent under this id.
   */
  async submit(id: string, reservation: Reservation, priority: Priority = "default"): Promise<Submission> {
    const earlier = await this.confirmations.find(id);
    if (earlier) {
      if (digestIn(earlier.html) !== digestOf(reservation)) {
        throw new IdTaken(`${id} already stands for a different reservation`);
      }
      return { outcome: "known", state: completed(id, earlier) };
    }
    const { outcome, status } = await this.jobs.enqueue(confirm, { reservation }, { id, queue: priority });
    const waiting: ReservationState = { id, status: "waiting", progress: 0 };
    if (outcome === "queued" || outcome === "stored") return { outcome: "queued", state: waiting };
    if (outcome === "known" && status === "failed") {
      await this.jobs.retry(id);
      return { outcome, state: waiting };
    }
    return { outcome, state: (await this.state(id)) ?? waiting };
  }

  /**
   * The state of a reservation, or undefined when nobody knows it. A confirmation on disk outweighs what the queue says: a job
   * may still wait whose work a request has done.
   *
   * @throws QueueUnavailable when only the queue could tell.
   */
  async state(id: string): Promise<ReservationState | undefined> {
    const confirmation = await this.confirmations.find(id);
    if (confirmation) return completed(id, confirmation);
    const job = await this.jobs.status(id);
    return job && job.type === confirm.name ? stateOf(job) : undefined;
  }

  async confirmation(id: string): Promise<string | undefined> {
    return (await this.confirmations.find(id))?.html;
  }
}

function completed(id: string, { confirmedAt }: Confirmation): ReservationState {
  const result = { confirmation: `/reservations/${id}/confirmation`, confirmedAt: confirmedAt.toISOString() };
  return { id, status: "completed", progress: 100, result };
}

/** A guest is told nothing of times and cancelling: what isn't running or over waits. */
function stateOf({ id, status, progress, error = "" }: JobState): ReservationState {
  if (status === "failed" || status === "cancelled") return { id, status: "failed", progress, error: error || status };
  return { id, status: status === "scheduled" ? "waiting" : status, progress };
}
