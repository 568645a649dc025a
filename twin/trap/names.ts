/** Addresses that nobody has: each name gets one of its own, by which it is known again. The first is the twin's own (see trap.ts). */
const FIRST = 0xf0000002;
const KEPT = 10_000;

const TYPE_A = 1;
const ANSWERED = 0x8180;
const SERVFAIL = 2;
const TTL_SEC = 60;

/** A name server that knows every name, by IPv4 alone, and asks nobody: what a name is can tell somebody something, too. */
export class Names {
  private readonly addresses = new Map<string, string>();
  private readonly names = new Map<string, string>();

  /** The name that an address was given out for. */
  nameOf(address: string): string | undefined {
    return this.names.get(address);
  }

  /** The answer to a question; undefined for what is none. */
  answer(packet: Buffer): Buffer | undefined {
    if (packet.length < 17 || packet.readUInt16BE(4) !== 1 || (packet.readUInt8(2) & 0x80) !== 0) return undefined;
    const labels: string[] = [];
    let at = 12;
    for (let length = packet[at] ?? 0; length > 0; length = packet[at] ?? 0) {
      if (length > 63 || at + 1 + length > packet.length) return undefined;
      labels.push(packet.toString("latin1", at + 1, at + 1 + length));
      at += 1 + length;
    }
    const end = at + 5;
    if (end > packet.length) return undefined;
    const question = packet.subarray(12, end);
    if (packet.readUInt16BE(at + 1) !== TYPE_A) return message(packet, question, ANSWERED);
    const address = this.addressOf(labels.join(".").toLowerCase());
    if (address === undefined) return message(packet, question, ANSWERED | SERVFAIL);
    const record = Buffer.alloc(16);
    // The name is the question's.
    record.writeUInt16BE(0xc00c, 0);
    record.writeUInt16BE(TYPE_A, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(TTL_SEC, 6);
    record.writeUInt16BE(4, 10);
    for (const [index, byte] of address.split(".").entries()) record.writeUInt8(Number(byte), 12 + index);
    return message(packet, question, ANSWERED, record);
  }

  private addressOf(name: string): string | undefined {
    const known = this.addresses.get(name);
    if (known !== undefined || this.addresses.size >= KEPT) return known;
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(FIRST + this.addresses.size);
    const address = [...bytes].join(".");
    this.addresses.set(name, address);
    this.names.set(address, name);
    return address;
  }
}

function message(asked: Buffer, question: Buffer, flags: number, ...records: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(12);
  asked.copy(head, 0, 0, 2);
  head.writeUInt16BE(flags, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(records.length, 6);
  return Buffer.concat([head, question, ...records]);
}
