import type { Said } from "./ledger";

/** What goes for a line of the protocol, or of a header; a client that sends more in one is none of mail's. */
const LONGEST = 100_000;

const CAPABILITIES = ["250-trap", "250-8BITMIME", "250-SMTPUTF8", "250-PIPELINING", "250 AUTH PLAIN LOGIN"];
const ASKS = { user: "334 VXNlcm5hbWU6", password: "334 UGFzc3dvcmQ6", both: "334 " };
const ACCEPTED = "235 2.7.0 accepted";

/** A mail server that accepts all there is, and keeps who wrote to which domain, and the subject. */
export class MailSession {
  private rest = "";
  private from = "";
  private domains = new Set<string>();
  private subject = "";
  /** The header that a line which begins with a blank goes on with. */
  private header = "";
  private part: "commands" | "header" | "body" = "commands";
  /** What to say to the lines of credentials that are still to come. */
  private credentials: string[] = [];

  /**
   * @param reply sends a line to the client
   * @param note gets each message, once for each domain that it goes to
   * @param end closes the connection, once all replies are sent
   */
  constructor(
    private readonly reply: (line: string) => void,
    private readonly note: (said: Said) => void,
    private readonly end: () => void,
  ) {}

  greet(): void {
    this.reply("220 trap ESMTP");
  }

  take(text: string): void {
    this.rest += text;
    for (let at = this.rest.indexOf("\n"); at >= 0; at = this.rest.indexOf("\n")) {
      const line = this.rest.slice(0, at).replace(/\r$/, "");
      this.rest = this.rest.slice(at + 1);
      for (const answer of this.part === "commands" ? this.command(line) : this.content(line)) this.reply(answer);
    }
    if (this.rest.length > LONGEST) this.rest = "";
  }

  private command(line: string): readonly string[] {
    const next = this.credentials.shift();
    if (next !== undefined) return [next];
    const [, verb = "", rest = ""] = /^(\w+) ?(.*)$/.exec(line) ?? [];
    switch (verb.toUpperCase()) {
      case "EHLO":
        return CAPABILITIES;
      case "AUTH":
        return this.authenticate(rest.split(" "));
      case "MAIL":
        this.reset();
        this.from = addressIn(rest);
        return ["250 2.1.0 ok"];
      case "RCPT":
        this.domains.add(addressIn(rest).split("@").at(-1)?.toLowerCase() ?? "");
        return ["250 2.1.5 ok"];
      case "DATA":
        this.part = "header";
        return ["354 go on"];
      case "HELO":
      case "RSET":
      case "NOOP":
        this.reset();
        return ["250 2.0.0 ok"];
      case "QUIT":
        this.reply("221 2.0.0 bye");
        this.end();
        return [];
      default:
        return ["502 5.5.1 not here"];
    }
  }

  /** Whoever it is, is let in. */
  private authenticate([kind = "", initial]: readonly string[]): readonly string[] {
    const asked =
      kind.toUpperCase() === "LOGIN"
        ? [...(initial === undefined ? [ASKS.user] : []), ASKS.password]
        : initial === undefined
          ? [ASKS.both]
          : [];
    const [first = "", ...others] = [...asked, ACCEPTED];
    this.credentials = others;
    return [first];
  }

  private content(line: string): readonly string[] {
    if (line === ".") return [this.accept()];
    if (line === "") this.part = "body";
    if (this.part === "body") return [];
    const [, name, value = ""] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
    if (name !== undefined) this.header = name.toLowerCase();
    if (this.header === "subject") this.subject += name === undefined ? ` ${line.trim()}` : value;
    return [];
  }

  private accept(): string {
    for (const to of this.domains)
      this.note({ kind: "mail", from: this.from, to, subject: this.subject.slice(0, 200) });
    this.reset();
    return "250 2.0.0 kept from leaving";
  }

  private reset(): void {
    this.part = "commands";
    this.from = "";
    this.subject = "";
    this.header = "";
    this.domains = new Set();
  }
}

/** `FROM:<a@b> SIZE=1` is a@b. */
const addressIn = (text: string) => /<([^>]*)>/.exec(text)?.[1] ?? "";
