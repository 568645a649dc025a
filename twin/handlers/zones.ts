import { z } from "zod";
import { notFound } from "../errors";
import { body, hostname } from "../request/body";
import { page } from "../request/list";
import { showZone } from "../show";
import type { Zone } from "../state";
import { type Call, type Handler, ok } from "./handler";

const ZONES = z.strictObject({ zones: z.array(z.strictObject({ name: hostname })) });
const TTL_SEC = 3600;

/** The zone that the path names, by its number or its name. */
export function zoneOf({ twin, names: { zone: named } }: Call): Zone {
  const zone = twin.state.zones.find(({ id, name }) => String(id) === named || name === named);
  if (!zone) throw notFound(`zone '${named}'`);
  return zone;
}

export const listZones: Handler = ({ twin, query }) => ok(page("zones", twin.state.zones, query, showZone));

export const getZone: Handler = (call) => ok({ zone: showZone(zoneOf(call)) });

/**
 * Says which zones the project has: who uses Hetzner has made them by hand, and moved a domain there. Those that are there
 * already keep their records, those that aren't named are gone with theirs.
 */
export const setZones: Handler = ({ twin, body: raw }) => {
  const wanted = body(ZONES, raw).zones.map(({ name }) => name);
  twin.state.zones = wanted.map(
    (name) =>
      twin.state.zones.find((zone) => zone.name === name) ?? {
        id: twin.store.id(),
        name,
        created: new Date().toISOString(),
        ttl: TTL_SEC,
        recordSets: [],
      },
  );
  twin.store.save();
  return ok({ zones: twin.state.zones.map(showZone) });
};
