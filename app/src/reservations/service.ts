import { log } from "../log";
import type { Priority } from "../queue/names";
import { QueueUnavailable, type ReservationQueue } from "../queue/producer";
import { confirmReservation } from "./confirm";
import type { Confirmation, Confirmations } from "./confirmations";
import { digestOf, type Reservation, type ReservationState } from "./reservation";
import { digestIn } from "./template";

/** What became of a request to reserve. */
export interface Submission {
  /** queued: the queue has it; done: this request did the work; known: it was sent before. */
  outcome: "queued" | "done" | "known";
  state: ReservationState;
}

/** This id already stands for another reservation. */
export class IdTaken extends Error {
  override name = "IdTaken";
}

/** What requests can do with reservations. Works with the queue, and without it when there is none. */
export class Reservations {
  /** @param queue undefined: the queue is switched off, and every request does its work itself. */
  constructor(
    private readonly confirmations: Confirmations,
    private readonly queue: ReservationQueue | undefined,
    private readonly paceMs: number,
  ) {}

  /**
   * Hands a reservation to the queue, or confirms it on the spot when the queue can't take it.
   *
   * @param repeatable The id was chosen by the caller, who may have sent it before. Then the first request counts, and
   *   this one gets its state; a failed one is tried again.
   * @param priority Of the job; it isn't part of the reservation.
   * @throws IdTaken when a different reservation was sent under this id.
   */
  async submit(
    id: string,
    reservation: Reservation,
    { repeatable, priority = "default" }: { repeatable: boolean; priority?: Priority },
  ): Promise<Submission> {
    try {
      if (repeatable) {
        const known = await this.known(id, digestOf(reservation));
        if (known) return { outcome: "known", state: known };
      }
      if (this.queue) {
        await this.queue.add(id, reservation, priority);
        return { outcome: "queued", state: { id, status: "waiting", progress: 0 } };
      }
    } catch (error) {
      if (!(error instanceof QueueUnavailable)) throw error;
      log("[Reservation] Fehler beim Hinzufügen zur Queue, verwende Fallback");
    }
    await confirmReservation(this.confirmations, id, reservation, { paceMs: this.paceMs });
    const confirmation = await this.confirmations.find(id);
    if (!confirmation) throw new Error(`the confirmation of ${id} vanished right after it was written`);
    return { outcome: "done", state: completed(id, confirmation) };
  }

  /**
   * The state of a reservation, or undefined when nobody knows it. A confirmation on disk outweighs what the queue says:
   * a job may still wait whose work a request has done.
   *
   * @throws QueueUnavailable when only the queue could tell.
   */
  async state(id: string): Promise<ReservationState | undefined> {
    const confirmation = await this.confirmations.find(id);
    if (confirmation) return completed(id, confirmation);
    return (await this.queue?.find(id))?.state;
  }

  async confirmation(id: string): Promise<string | undefined> {
    return (await this.confirmations.find(id))?.html;
  }

  private async known(id: string, digest: string): Promise<ReservationState | undefined> {
    const confirmation = await this.confirmations.find(id);
    if (confirmation) {
      assertSame(id, digest, digestIn(confirmation.html));
      return completed(id, confirmation);
    }
    const job = await this.queue?.find(id);
    if (!job) return undefined;
    assertSame(id, digest, job.digest);
    if (job.state.status !== "failed") return job.state;
    await this.queue?.retry(id);
    return { id, status: "waiting", progress: 0 };
  }
}

function completed(id: string, { confirmedAt }: Confirmation): ReservationState {
  const result = { confirmation: `/reservations/${id}/confirmation`, confirmedAt: confirmedAt.toISOString() };
  return { id, status: "completed", progress: 100, result };
}

function assertSame(id: string, digest: string, known: string | undefined): void {
  if (digest !== known) throw new IdTaken(`${id} already stands for a different reservation`);
}
