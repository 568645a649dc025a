import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium as engine,
  type Page,
} from "playwright-core";

const executablePath = "/usr/bin/chromium";
const installed = existsSync(executablePath);

/** For `describe.skipIf`, and part of the name: a skipped test says why. */
export const chromium = {
  missing: !installed,
  note: installed ? "" : ` (skipped: no ${executablePath} on this machine)`,
};

export async function openBrowser(): Promise<Browser> {
  // As root, which tests in containers are, Chromium doesn't start with a sandbox.
  return await engine.launch({ executablePath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
}

type Cookies = Awaited<ReturnType<BrowserContext["cookies"]>>;

/** By token: a file of tests has one site. */
const sessions = new Map<string, Cookies>();

/** Somebody with a window of their own: cookies, page, and what went wrong in it. */
export class Visitor {
  private constructor(
    readonly page: Page,
    /** What the console calls an error (a violated policy among it), and exceptions. */
    readonly faults: string[],
  ) {}

  static async come(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visitor> {
    const context = await browser.newContext({ baseURL: url, viewport: { width: 1200, height: 800 }, ...options });
    const page = await context.newPage();
    // A busy machine takes its time.
    page.setDefaultTimeout(30_000);
    const visitor = new Visitor(page, []);
    page.on("console", (message) => {
      if (message.type() === "error") visitor.faults.push(`${message.text()} ${message.location().url}`);
    });
    page.on("pageerror", (error) => visitor.faults.push(error.message));
    return visitor;
  }

  /** With the cookie of who came before with this token, where there is one: logins are few a minute. */
  async login(token: string): Promise<void> {
    const context = this.page.context();
    const known = sessions.get(token);
    if (known) return await context.addCookies(known);
    const answer = await this.page.request.post("/login", { data: { token } });
    if (!answer.ok()) throw new Error(`no login: ${answer.status()} ${await answer.text()}`);
    sessions.set(token, await context.cookies());
  }

  /** Shows a page that isn't one of the application's, on its origin and under its policy. */
  async embed(body: string, lang = "en"): Promise<void> {
    const scripts = ["task-progress", "task-list"]
      .map((name) => `<script type="module" src="/components/${name}.mjs"></script>`)
      .join("");
    await this.page.route("**/foreign.html", (route) =>
      route.fulfill({
        contentType: "text/html; charset=utf-8",
        headers: { "content-security-policy": "default-src 'self'" },
        body: `<!doctype html><html lang="${lang}"><title>Foreign</title>${scripts}${body}</html>`,
      }),
    );
    await this.page.addInitScript({ path: join(__dirname, "in-page.mjs") });
    await this.page.goto("/foreign.html");
  }

  /** The events of components so far, in order. */
  async heard(): Promise<string[]> {
    return await this.page.evaluate<string[]>("heard");
  }

  async leave(): Promise<void> {
    await this.page.context().close();
  }
}
