import { setTimeout as sleep } from "node:timers/promises";
import type { Confirmations } from "./confirmations";
import type { Reservation } from "./reservation";
import { renderConfirmation } from "./template";

export interface ConfirmOptions {
  /** Called after each step with percent done. */
  onProgress?: (percent: number) => Promise<void>;
  /** Aborting ends the work between two steps, before its effect; the promise then rejects with an AbortError. */
  signal?: AbortSignal | undefined;
  /** Pause after each step, in milliseconds. Default 0. */
  paceMs?: number;
}

/**
 * The work itself: confirms a reservation. Queue and fallback both come here. It may run any number of times, at the
 * same time too, in different processes: the effect happens once.
 *
 * @returns whether this run was the one that had the effect.
 */
export async function confirmReservation(
  confirmations: Confirmations,
  id: string,
  reservation: Reservation,
  { onProgress = async () => {}, signal, paceMs = 0 }: ConfirmOptions = {},
): Promise<boolean> {
  const step = async (percent: number) => {
    signal?.throwIfAborted();
    await onProgress(percent);
    if (paceMs > 0) await sleep(paceMs, undefined, { signal });
  };
  if (await confirmations.find(id)) return false;
  await step(10);
  const html = renderConfirmation(id, reservation);
  await step(60);
  const created = await confirmations.create(id, html);
  await onProgress(100);
  return created;
}
