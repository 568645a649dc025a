import { z } from "zod";
import { byIdOrName, SERVER_TYPES } from "../catalogue";
import { invalidInput, resourceUnavailable } from "../errors";
import { body } from "../request/body";
import type { State } from "../state";
import { type Handler, ok } from "./handler";

const SOLD_OUT = z.strictObject({
  sold_out: z.array(
    z.strictObject({ server_type: z.string(), location: z.string(), listed: z.boolean().default(true) }),
  ),
});

export const listSoldOut: Handler = ({ twin }) => ok({ sold_out: twin.state.soldOut });

/** Replaces the whole list: an empty one makes everything to be had again. Servers that exist don't notice. */
export const setSoldOut: Handler = ({ twin, body: raw }) => {
  const { sold_out: wanted } = body(SOLD_OUT, raw);
  for (const [index, { server_type, location }] of wanted.entries())
    if (!byIdOrName(SERVER_TYPES, server_type)?.locations.includes(location))
      throw invalidInput([{ name: `sold_out.${index}`, messages: [`${server_type} is not offered in ${location}`] }]);
  twin.state.soldOut = wanted;
  twin.store.save();
  return ok({ sold_out: wanted });
};

/** Throws what Hetzner answers to an order for a type that is sold out in a location, whatever its list said before. */
export function requireRoom({ soldOut }: State, type: string, where: string): void {
  if (soldOut.some(({ server_type, location }) => server_type === type && location === where))
    throw resourceUnavailable("error during placement");
}
