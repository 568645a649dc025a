import { defineJob } from "queuehost/jobs";
import { configuration } from "../configuration";
import { confirmReservation } from "../reservations/confirm";
import { Confirmations } from "../reservations/confirmations";
import { jobSchema } from "../reservations/reservation";

/** Confirms a reservation. The creation of its file is the effect, and happens once whoever runs this. */
export const confirm = defineJob({
  name: "confirm",
  queue: "default",
  description: "Renders the confirmation of a reservation",
  payload: jobSchema,
  attempts: 3,
  backoff: 1000,
  async run({ reservation }, { id, progress, signal }) {
    const { STATE_DIR, CONFIRMATION_PACE_MS } = configuration();
    const created = await confirmReservation(new Confirmations(STATE_DIR), id, reservation, {
      onProgress: progress,
      paceMs: CONFIRMATION_PACE_MS,
      signal,
    });
    if (!created) await progress(100, "war schon bestätigt");
    return { created };
  },
});
