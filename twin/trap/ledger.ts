/** What an application said to the trap. Nothing of a message's text, and no credentials. */
export type Said =
  | { readonly kind: "mail"; readonly from: string; readonly to: string; readonly subject: string }
  | { readonly kind: "http"; readonly method: string; readonly host: string; readonly path: string }
  /** `host` is the server name that the client asked for; empty where it named none. */
  | { readonly kind: "tls"; readonly host: string }
  /** Another protocol: its address is among the destinations. */
  | { readonly kind: "other" };

export type Counted = Said & { readonly count: number };

/** So many different ones are kept of a machine; of more it is known how many there were. */
const KEPT = 1000;

/** What each machine said, by its address: the same thing again counts. */
export class Ledger {
  private readonly machines = new Map<
    string,
    { readonly said: Map<string, { said: Said; count: number }>; more: number }
  >();

  note(address: string, said: Said): void {
    const machine = this.machines.get(address) ?? { said: new Map(), more: 0 };
    this.machines.set(address, machine);
    const key = JSON.stringify(said);
    const known = machine.said.get(key);
    if (known) known.count++;
    else if (machine.said.size < KEPT) machine.said.set(key, { said, count: 1 });
    else machine.more++;
  }

  /** In the order in which they came first. `more`: how many came beyond those that are kept. */
  of(address: string): { readonly said: Counted[]; readonly more: number } {
    const { said = new Map<string, { said: Said; count: number }>(), more = 0 } = this.machines.get(address) ?? {};
    return { said: [...said.values()].map(({ said, count }) => ({ ...said, count })), more };
  }
}
