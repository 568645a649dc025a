import type { Deployment } from "../support/deployment";

/** Sends the reference application a reservation, whose job waits for a worker; its status code. */
export async function reserve(deployment: Deployment, id: string): Promise<number> {
  const { url } = await deployment.subject();
  const answer = await fetch(`${url}/reservations`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": id },
    body: JSON.stringify({
      guest: "Ada",
      email: "ada@example.com",
      resource: "Boardroom",
      from: "2030-01-01",
      to: "2030-01-02",
    }),
  });
  return answer.status;
}

/** How far a reservation has come: waiting, active, completed or failed. */
export async function statusOf(deployment: Deployment, id: string): Promise<string> {
  const { url } = await deployment.subject();
  const answer = await fetch(`${url}/reservations/${id}`, { signal: AbortSignal.timeout(2_000) });
  return ((await answer.json()) as { status: string }).status;
}
