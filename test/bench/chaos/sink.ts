import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Somebody outside who takes mails, and counts how often each came. */
export class Sink {
  readonly taken = new Map<string, number>();
  private readonly server: Server = createServer((request, response) => {
    const key = (request.url ?? "").slice(1);
    this.taken.set(key, (this.taken.get(key) ?? 0) + 1);
    response.end();
  });

  async listen(): Promise<number> {
    await new Promise<void>((settle) => this.server.listen(0, "127.0.0.1", settle));
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
