import { afterAll, beforeAll, expect, test } from "vitest";
import { type MailCatcher, startMailCatcher } from "../../../../app/dev/mail-catcher";
import { Mailer } from "../../../../app/src/services/mail";
import { templatedMail } from "../../../../app/src/services/templated-mail";
import { render, TEMPLATE_NAMES, wantedBy } from "../../../../app/src/services/templates";
import { freePort } from "../../../support/free-port";

let catcher: MailCatcher;
let mailer: Mailer;
const answers: Record<string, number> = { "gone@example.org": 550, "full@example.org": 452 };

beforeAll(async () => {
  catcher = await startMailCatcher({ refuse: (address) => answers[address] });
  mailer = new Mailer({ SMTP_URL: `smtp://127.0.0.1:${catcher.port}`, MAIL_FROM: "shop@example.org" });
});
afterAll(() => catcher.close());

test("a mail that is sent again has the same Message-ID, another one has its own", async () => {
  for (const key of ["a", "a", "b"]) await mailer.sendTemplate("ada@example.org", "welcome", { name: "Ada" }, key);
  const ids = catcher.mails.slice(-3).map(({ source }) => /^Message-ID: (<.*@example\.org>)/m.exec(source)?.[1]);
  expect(ids[0]).toMatch(/^<[0-9a-f]{32}@/);
  expect(ids[1]).toBe(ids[0]);
  expect(ids[2]).not.toBe(ids[0]);
  expect(catcher.mails.at(-1)).toMatchObject({ from: "shop@example.org", to: ["ada@example.org"] });
});

test("values can't become markup, headers or further recipients", async () => {
  const name = '<img src=x onerror="alert(1)">\r\nBcc: eve@example.org\r\n\r\nbody';
  const { html, subject } = render("welcome", { name });
  expect(html).not.toContain("<img");
  expect(html).toContain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;");
  expect(subject).not.toMatch(/\p{Cc}/u);
  await mailer.sendTemplate("ada@example.org", "welcome", { name }, "injected");
  const { to, source } = catcher.mails.at(-1) ?? { to: [], source: "" };
  expect(to).toEqual(["ada@example.org"]);
  expect(source.split("\r\n\r\n")[0]).not.toMatch(/^Bcc:/im);
});

test("a recipient who is refused for good fails at once; one that may pass fails to be tried again", async () => {
  const send = (to: string) => mailer.sendTemplate(to, "welcome", { name: "Ada" }, to);
  await expect(send("gone@example.org")).rejects.toMatchObject({ name: "Unrecoverable" });
  await expect(send("full@example.org")).rejects.not.toMatchObject({ name: "Unrecoverable" });
  const away = new Mailer({ SMTP_URL: `smtp://127.0.0.1:${await freePort()}`, MAIL_FROM: "shop@example.org" });
  await expect(away.sendTemplate("a@example.org", "welcome", { name: "" }, "k")).rejects.toThrow(/ECONNREFUSED/);
});

test("without SMTP_URL it says so, and sends nothing", async () => {
  const none = new Mailer({ SMTP_URL: undefined, MAIL_FROM: "shop@example.org" });
  await expect(none.sendTemplate("a@example.org", "welcome", { name: "" }, "k")).rejects.toThrow("SMTP_URL");
});

test("data that a template needs are named before anything is enqueued", () => {
  const mail = { to: "ada@example.org", template: "booking-reminder", data: { bookingId: "b1" } };
  const paths = templatedMail.safeParse(mail).error?.issues.map(({ path }) => path.join("."));
  expect(paths).toEqual(["data.until", "data.location", "data.bookingDate"]);
  expect(templatedMail.safeParse({ ...mail, template: "none" }).error?.issues[0]?.path).toEqual(["template"]);
  expect(templatedMail.safeParse({ ...mail, subject: "a\nb", data: {} }).success).toBe(false);
  for (const template of TEMPLATE_NAMES) {
    const data = Object.fromEntries(wantedBy(template).map((key) => [key, `value of ${key}`]));
    expect(templatedMail.safeParse({ to: "ada@example.org", template, data }).success).toBe(true);
    expect(render(template, data).text).not.toContain("{{");
  }
});
