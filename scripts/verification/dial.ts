import { connect } from "node:net";

/** What dialling a port comes to. */
export type Dialled = "open" | "refused" | "no answer" | "no route";

/** A filtered port answers nothing at all; the address is one round trip away, or it isn't reached. */
const DIAL_MS = 1500;

/** What the kernel says where this machine has no IPv6, or no way to the address. */
const NO_ROUTE = ["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT"];

/** Dials a port of TCP, and hangs up. */
export function dial(host: string, port: number, ms = DIAL_MS): Promise<Dialled> {
  return new Promise((settle) => {
    const socket = connect({ host, port, timeout: ms });
    const end = (result: Dialled) => {
      socket.destroy();
      settle(result);
    };
    socket.once("connect", () => end("open"));
    socket.once("timeout", () => end("no answer"));
    socket.once("error", ({ code = "" }: NodeJS.ErrnoException) => {
      if (code === "ECONNREFUSED") end("refused");
      else end(NO_ROUTE.includes(code) ? "no route" : "no answer");
    });
  });
}
