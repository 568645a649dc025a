import { z } from "zod";
import { conflict } from "../errors";
import { body } from "../request/body";
import { destinations, LISTING } from "../trap/destinations";
import { faultOfTrap } from "../trap/prove";
import { find, type Handler, ok } from "./handler";

const TRAP = z.strictObject({ answer: z.int().min(200).max(599).default(503) });

/**
 * From now on no application of a machine reaches anybody: see trap/trap.ts. There is no way back, and none for machines that are
 * there already. `answer`: status with which requests over HTTP are answered.
 */
export const setTrap: Handler = async ({ twin, body: raw }) => {
  const trap = body(TRAP, raw);
  if (twin.state.trap === null && twin.state.servers.length > 0)
    throw conflict("the trap has to be there before the first server");
  twin.state.trap = trap;
  twin.trap.answer = trap.answer;
  twin.store.save();
  await twin.applyRules();
  return ok({ trap });
};

/**
 * What the application of a server wanted outside: to whom it spoke, and what it said as far as the trap understands that; and whether
 * the trap is in place now, which is tried.
 */
export const getTrapped: Handler = async ({ twin, ids }) => {
  const server = find(twin.state.servers, ids[0], "server");
  if (twin.state.trap === null) throw conflict("no trap was asked for");
  const { said, more } = twin.trap.ledger.of(server.ipv4?.ip ?? "");
  // Without its rules there is no listing of what they met.
  const listing = await twin.machines.run(server, LISTING).catch(() => '{"nftables":[]}');
  return ok({
    in_place: (await faultOfTrap(twin, server)) === undefined,
    destinations: destinations(listing, (address) => twin.trap.names.nameOf(address)),
    said,
    more,
  });
};
