import type { Socket } from "node:net";
import { isTls, serverName } from "./client-hello";
import type { Said } from "./ledger";
import { MailSession } from "./mail";

/** Who speaks first tells the protocol: a client that says nothing for so long waits for a mail server's greeting. */
const GREET_AFTER_MS = 1_000;
/** What a client may say before it is clear what that is. */
const HEAD_BYTES = 64 * 1024;

/** What the twin says to see that the trap is in place: nothing of that is noted. */
export const PROBE = "queuehost-probe\n";

export interface Listener {
  /** Gets what the client said, as soon as that is clear. */
  note(said: Said): void;
  /** Is told of the twin's own probe. */
  probed(): void;
  /** Status with which requests over HTTP are answered. */
  answer(): number;
}

/** Plays whatever server a client expects, as far as that tells what it wanted: mail is taken, requests are answered, all else ends. */
export function converse(socket: Socket, listener: Listener): void {
  let head = Buffer.alloc(0);
  let mail: MailSession | undefined;
  const greet = setTimeout(() => {
    const reply = (line: string) => socket.write(`${line}\r\n`);
    mail = new MailSession(reply, listener.note, () => socket.end());
    mail.greet();
    waiting = "greeted";
  }, GREET_AFTER_MS);
  let waiting: "unspoken" | "greeted" | "spoken" = "unspoken";
  const end = (said: Said | undefined, answer?: string) => {
    waiting = "spoken";
    if (said) listener.note(said);
    if (answer === undefined) socket.resetAndDestroy();
    else socket.end(answer);
  };
  socket.on("error", () => {});
  socket.on("close", () => {
    clearTimeout(greet);
    // A connection alone is something to know of.
    if (waiting !== "spoken") listener.note({ kind: "other" });
    waiting = "spoken";
  });
  socket.on("data", (bytes: Buffer) => {
    clearTimeout(greet);
    if (mail) {
      if (waiting === "greeted" && !/^[A-Za-z]{4}\b/.test(bytes.toString("latin1"))) return end({ kind: "other" });
      waiting = "spoken";
      return mail.take(bytes.toString("utf8"));
    }
    if (waiting === "spoken") return;
    head = Buffer.concat([head, bytes]);
    if (head.toString("latin1") === PROBE) {
      listener.probed();
      return end(undefined);
    }
    const said = head.length > HEAD_BYTES ? ({ kind: "other" } as const) : wanted(head);
    if (said !== undefined) end(said, said.kind === "http" ? httpAnswer(listener.answer()) : undefined);
  });
}

/** What a client that speaks first wants; undefined while that isn't clear yet. */
function wanted(head: Buffer): Said | undefined {
  if (isTls(head)) {
    const host = serverName(head);
    return host === undefined ? undefined : { kind: "tls", host };
  }
  const text = head.toString("latin1");
  if (PROBE.startsWith(text)) return undefined;
  if (!/^[A-Z]{1,12}( |$)/.test(text)) return { kind: "other" };
  const end = text.search(/\r?\n\r?\n/);
  if (end < 0) return /\n/.test(text) && !/ HTTP\/1\.[01]\r?\n/.test(text) ? { kind: "other" } : undefined;
  const [, method = "", target = "", version] = /^([A-Z]+) (\S+) HTTP\/(1\.[01])\r?\n/.exec(text) ?? [];
  if (version === undefined) return { kind: "other" };
  const host = /^host:\s*(\S+)/im.exec(text.slice(0, end))?.[1] ?? "";
  // What follows the question mark may be a key.
  return { kind: "http", method, host: host.toLowerCase(), path: target.replace(/[?#].*$/, "").slice(0, 200) };
}

const httpAnswer = (status: number) =>
  `HTTP/1.1 ${status} Kept in\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
