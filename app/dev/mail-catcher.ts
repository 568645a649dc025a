import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";

/** A mail as it was handed over. */
export interface CaughtMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and body. */
  readonly source: string;
}

export interface MailCatcher {
  readonly port: number;
  /** The last thousand. */
  readonly mails: readonly CaughtMail[];
  close(): Promise<void>;
}

export interface MailCatcherOptions {
  /** Of loopback; default a free one. */
  readonly port?: number;
  readonly onMail?: (mail: CaughtMail) => void;
  /** Gives the answer to a recipient that isn't accepted, such as 550. */
  readonly refuse?: (address: string) => number | undefined;
}

const KEPT = 1000;

/** A mail server on loopback that accepts everything and sends nothing on. */
export async function startMailCatcher({ port = 0, onMail, refuse }: MailCatcherOptions = {}): Promise<MailCatcher> {
  const mails: CaughtMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    logger: false,
    onRcptTo({ address }, _session, done) {
      const code = refuse?.(address);
      done(code === undefined ? null : Object.assign(new Error("not accepted here"), { responseCode: code }));
    },
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const from = envelope.mailFrom === false ? "" : envelope.mailFrom.address;
        const to = envelope.rcptTo.map(({ address }) => address);
        const mail = { from, to, source: Buffer.concat(chunks).toString("utf8") };
        mails.push(mail);
        if (mails.length > KEPT) mails.shift();
        onMail?.(mail);
        done(null);
      });
    },
  });
  // Clients that break off are no fault of the server.
  server.on("error", () => {});
  const listening = once(server.server, "listening");
  const failed = once(server.server, "error").then(([error]) => {
    throw error;
  });
  failed.catch(() => {});
  server.listen(port, "127.0.0.1");
  await Promise.race([listening, failed]);
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
