import { UserError } from "../lib/errors";
import { typed } from "../lib/places";
import { type Dialled, dial } from "../verification/dial";

const WORDS: Readonly<Record<Exclude<Dialled, "open">, string>> = {
  refused: "nothing listens there",
  "no answer": "its firewall doesn't let this machine's address in, or it is down",
  "no route": "this machine has no way to it",
};

/** @throws UserError where the server's ssh doesn't answer, with the ways in */
export async function assertReachable(stack: string, host: string, port = 22): Promise<void> {
  const dialled = await dial(host, port, 3000);
  if (dialled === "open") return;
  throw new UserError(
    `Port ${port} of ${host} doesn't answer (${dialled}): ${WORDS[dialled]}. Let this machine in: ${typed("allow-me", "--stack", stack)}. When everything is shut: docs/access.md`,
  );
}
