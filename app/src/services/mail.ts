import { createHash } from "node:crypto";
import { Unrecoverable } from "queuehost/jobs";
import type { ServiceSettings } from "./settings";
import { type Rendered, render, type TemplateData, type TemplateName } from "./templates";

/** Milliseconds. */
const CONNECT_MS = 10_000;
const SILENCE_MS = 30_000;

/** Hands mails over by SMTP. */
export class Mailer {
  constructor(private readonly settings: Pick<ServiceSettings, "SMTP_URL" | "MAIL_FROM">) {}

  async sendTemplate(to: string, template: TemplateName, data: TemplateData, key: string, subject?: string) {
    const rendered = render(template, data);
    return await this.send(to, { ...rendered, ...(subject === undefined ? {} : { subject }) }, key);
  }

  /**
   * Resolves when the server has accepted it.
   *
   * @param key names the effect: the Message-ID comes from it, so that a mail that is sent again is known as the same one
   * @throws Unrecoverable where the server refuses the recipient for good; any other error may pass
   */
  async send(to: string, { subject, text, html }: Rendered, key: string): Promise<{ messageId: string }> {
    const { SMTP_URL, MAIL_FROM } = this.settings;
    if (SMTP_URL === undefined) throw new Unrecoverable("SMTP_URL: is not set, so no mail can be sent");
    const domain = MAIL_FROM.split("@")[1] ?? "localhost";
    const messageId = `<${createHash("sha256").update(key).digest("hex").slice(0, 32)}@${domain}>`;
    // Loaded where the first mail is sent: most processes send none.
    const { createTransport } = await import("nodemailer");
    const transport = createTransport({
      url: SMTP_URL,
      connectionTimeout: CONNECT_MS,
      greetingTimeout: CONNECT_MS,
      socketTimeout: SILENCE_MS,
      // A value of a template never becomes a file or an address that is fetched.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    try {
      await transport.sendMail({ from: MAIL_FROM, to: { name: "", address: to }, subject, text, html, messageId });
      return { messageId };
    } catch (error) {
      throw isRefused(error) ? new Unrecoverable(`${to}: ${error.message}`) : error;
    } finally {
      transport.close();
    }
  }
}

/** Whether a server said of the recipient that it never will. Wrong credentials are the operator's to mend, so they don't count. */
function isRefused(error: unknown): error is Error {
  const { code, responseCode } = error as { code?: string; responseCode?: number };
  return error instanceof Error && code === "EENVELOPE" && responseCode !== undefined && responseCode >= 550;
}
