import { confirm, isCancel } from "@clack/prompts";
import { assertAnswerable } from "../environment/bring-up";
import { Interrupted } from "../lib/interrupt";

/**
 * Asks before something is changed.
 *
 * @param yes asks nothing
 * @throws UserError where nobody is at a terminal to answer
 * @throws Interrupted for a no
 */
export async function askFirst(message: string, yes: boolean): Promise<void> {
  assertAnswerable(yes);
  if (yes) return;
  const answer = await confirm({ message });
  if (isCancel(answer) || !answer) throw new Interrupted("Nothing was touched.");
}
