import { createHash } from "node:crypto";
import type { Folder } from "./folder";

export interface Sms {
  /** International form, such as +491701234567. */
  readonly to: string;
  readonly text: string;
}

/** Sends short messages. `key` names the effect: a gateway that gets it twice sends once. */
export interface SmsGateway {
  send(sms: Sms, key: string): Promise<{ readonly gateway: string; readonly reference: string }>;
}

/** The local gateway: writes each message to a file of its own, and nothing leaves the machine. */
export class FileSms implements SmsGateway {
  constructor(private readonly folder: Folder) {}

  async send(sms: Sms, key: string) {
    const reference = `${createHash("sha256").update(key).digest("hex").slice(0, 32)}.json`;
    await this.folder.prepare();
    await this.folder.write(reference, (file) => file.writeFile(`${JSON.stringify(sms)}\n`));
    return { gateway: "local file", reference };
  }
}
