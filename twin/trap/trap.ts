import { createSocket, type Socket as Datagrams } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { converse } from "./conversation";
import { Ledger } from "./ledger";
import { Names } from "./names";

/** The rules of a machine inside, which its boot loads before anything of it runs. */
export const RULES = readFileSync(join(__dirname, "rules.nft"), "utf8");
/** What a machine's rules turn to the trap goes here, and the twin's own turn that to where it listens now. */
export const TRAP_ADDRESS = "169.254.169.253";
/** DSCP of what the machine's own rules let through. */
export const MARK = 45;
/** The address that the twin's probe of the rules speaks to; no name is ever given it. */
export const PROBED = "240.0.0.1";

/** Where the trap listens, on the bridge's own address. */
export interface TrapPorts {
  readonly tcp: number;
  readonly names: number;
}

/**
 * Where the applications of machines end up that may reach nobody: it plays mail servers, web servers and name servers, and notes
 * what was wanted. What it noted is forgotten when the twin ends.
 */
export class Trap {
  readonly ledger = new Ledger();
  readonly names = new Names();
  /** Status with which requests over HTTP are answered. */
  answer = 503;
  private readonly server: Server;
  private readonly datagrams: Datagrams;
  private readonly sockets = new Set<Socket>();
  private readonly probes = new Map<string, number>();

  constructor() {
    this.server = createServer((socket) => this.meet(socket));
    this.datagrams = createSocket("udp4", (packet, { address, port }) => {
      const answer = this.names.answer(packet);
      if (answer) this.datagrams.send(answer, port, address, () => {});
    });
  }

  /** @param host the bridge's own address, or another one of this computer */
  async listen(host: string): Promise<TrapPorts> {
    this.server.listen(0, host);
    this.datagrams.bind(0, host);
    await Promise.all([once(this.server, "listening"), once(this.datagrams, "listening")]);
    return { tcp: (this.server.address() as AddressInfo).port, names: this.datagrams.address().port };
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await Promise.all([
      new Promise<void>((done) => this.server.close(() => done())),
      new Promise<void>((done) => this.datagrams.close(() => done())),
    ]);
  }

  /** How often the twin's own probe has come from an address. */
  probesOf(address: string): number {
    return this.probes.get(address) ?? 0;
  }

  private meet(socket: Socket): void {
    const address = socket.remoteAddress ?? "";
    this.sockets.add(socket);
    socket.once("close", () => this.sockets.delete(socket));
    converse(socket, {
      note: (said) => this.ledger.note(address, said),
      probed: () => this.probes.set(address, this.probesOf(address) + 1),
      answer: () => this.answer,
    });
  }
}
