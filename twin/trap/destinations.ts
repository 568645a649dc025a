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

const TABLE = "queuehost_trap";

/** What prints the sets of a machine's rules, as `destinations` reads them. `-n`: ports as numbers. */
export const LISTING = ["nft", "-j", "-n", "list", "table", "inet", TABLE];

const Listing = z.object({
  nftables: z.array(
    z.object({
      set: z.object({ name: z.string(), table: z.string(), elem: z.array(z.unknown()).default([]) }).optional(),
    }),
  ),
});

const Element = z.object({
  elem: z.object({
    val: z.object({ concat: z.tuple([z.string(), z.number()]) }),
    counter: z.object({ packets: z.number() }),
  }),
});

/**
 * Reads what nft says that the machine's rules have met.
 *
 * @param nameOf gives the name that an address stands for
 */
export function destinations(json: string, nameOf: (address: string) => string | undefined): Destination[] {
  const sets = Listing.parse(JSON.parse(json)).nftables.flatMap(({ set }) => (set?.table === TABLE ? [set] : []));
  return sets
    .flatMap(({ name, elem }) => {
      const protocol: Destination["protocol"] = name.startsWith("tcp") ? "tcp" : "udp";
      return elem.map((element) => {
        const { val, counter } = Element.parse(element).elem;
        const [address, port] = val.concat;
        return { protocol, address, host: nameOf(address) ?? address, port, count: counter.packets };
      });
    })
    .filter(({ address }) => address !== PROBED)
    .map(({ protocol, host, port, count }) => ({ protocol, host, port, count }))
    .sort((one, other) => other.count - one.count || one.host.localeCompare(other.host));
}
