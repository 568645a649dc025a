/** A mail's text: paragraphs with an empty line between them; `{{name}}` stands for a value. */
interface Template {
  readonly subject: string;
  readonly text: string;
}

/** The mails that can be sent, by name. */
export const TEMPLATES = {
  welcome: {
    subject: "Welcome, {{name}}",
    text: "Hello {{name}},\n\nyour account is ready. This is the only mail about it.",
  },
  "password-reset": {
    subject: "Your new password",
    text: "Hello {{name}},\n\nset a new password here:\n\n{{link}}\n\nThe link works once, until {{validUntil}}. If you didn't ask for it, do nothing.",
  },
  "low-stock-alert": {
    subject: "Low stock: {{count}} items of business {{businessId}}",
    text: "These items are below their reorder level:\n\n{{items}}",
  },
  "report-ready": {
    subject: "Your report is ready: {{reportType}}",
    text: "The report {{reportType}} of business {{businessId}} is ready:\n\n{{link}}",
  },
  "booking-reminder": {
    subject: "Your booking {{bookingId}} begins in {{until}}",
    text: "Your booking {{bookingId}} at {{location}} begins in {{until}}, at {{bookingDate}}.",
  },
  "payment-reminder": {
    subject: "Payment for booking {{bookingId}}",
    text: "{{amount}} for your booking {{bookingId}} {{state}} on {{dueDate}}.",
  },
  notice: { subject: "{{subject}}", text: "{{text}}" },
} as const satisfies Record<string, Template>;

export type TemplateName = keyof typeof TEMPLATES;
export const TEMPLATE_NAMES = Object.keys(TEMPLATES) as [TemplateName, ...TemplateName[]];

export type TemplateData = Readonly<Record<string, string | number | boolean>>;

export interface Rendered {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

const PLACEHOLDER = /\{\{(\w+)\}\}/g;

/** The values that a template wants. */
export function wantedBy(name: TemplateName): readonly string[] {
  const { subject, text }: Template = TEMPLATES[name];
  return [...new Set([...`${subject}\n${text}`.matchAll(PLACEHOLDER)].map(([, key]) => key ?? ""))];
}

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
export const escapeHtml = (value: string) => value.replaceAll(/[&<>"']/g, (sign) => escapes[sign] ?? sign);

/** A mail as text and as HTML. Values are escaped; a subject is one line, whatever they hold. */
export function render(name: TemplateName, data: TemplateData): Rendered {
  const template: Template = TEMPLATES[name];
  const fill = (text: string) => text.replaceAll(PLACEHOLDER, (_, key: string) => String(data[key] ?? ""));
  const text = fill(template.text);
  const paragraphs = text.split(/\n{2,}/).map((part) => `<p>${escapeHtml(part).replaceAll("\n", "<br>")}</p>`);
  return {
    subject: fill(template.subject)
      .replaceAll(/\p{Cc}+/gu, " ")
      .slice(0, 200),
    text: `${text}\n`,
    html: `<!doctype html>\n<html lang="en"><body>\n${paragraphs.join("\n")}\n</body></html>\n`,
  };
}
