import { z } from "zod";
import { PROBED } from "./trap";

/** Whom an application of a machine wanted to speak to, however little came of it. */
export interface Destination {
  readonly protocol: "tcp" | "udp";
  /** The name that it had asked for, else the address. */
  readonly host: string;
  readonly port: number;
  /** Connections, or packets. */
  readonly count: number;
}

const Listing = z.object({
  nftables: z.array(
    z.object({
      set: z
        .object({
          name: z.string(),
          elem: z
            .array(
              z.object({
                elem: z.object({
                  val: z.object({ concat: z.tuple([z.string(), z.number()]) }),
                  counter: z.object({ packets: z.number() }),
                }),
              }),
            )
            .default([]),
        })
        .optional(),
    }),
  ),
});

/** What prints the sets of a machine's rules, as `destinations` reads them. `-n`: ports as numbers. */
export const LISTING = ["nft", "-j", "-n", "list", "sets", "table", "inet", "queuehost_trap"];

/**
 * Reads what nft says that the machine's rules have met.
 *
 * @param nameOf gives the name that an address stands for
 */
export function destinations(json: string, nameOf: (address: string) => string | undefined): Destination[] {
  const sets = Listing.parse(JSON.parse(json)).nftables.flatMap(({ set }) => (set ? [set] : []));
  return sets
    .flatMap(({ name, elem }) => {
      const [protocol] = (["tcp", "udp"] as const).filter((start) => new RegExp(`^${start}[46]$`).test(name));
      if (protocol === undefined) return [];
      return elem.map(({ elem: { val, counter } }) => {
        const [address, port] = val.concat;
        return { protocol, address, host: nameOf(address) ?? address, port, count: counter.packets };
      });
    })
    .filter(({ address }) => address !== PROBED)
    .map(({ protocol, host, port, count }) => ({ protocol, host, port, count }))
    .sort((one, other) => other.count - one.count || one.host.localeCompare(other.host));
}
