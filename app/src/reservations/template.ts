import { digestOf, type Reservation } from "./reservation";

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escapeHtml = (value: string | number) => String(value).replaceAll(/[&<>"']/g, (sign) => escapes[sign] ?? sign);

/** The confirmation as a page of its own. The digest lets a repeated request be told from a different one. */
export function renderConfirmation(id: string, reservation: Reservation): string {
  const rows = Object.entries({
    Reservation: id,
    Guest: reservation.guest,
    "E-mail": reservation.email,
    Resource: reservation.resource,
    From: reservation.from,
    To: reservation.to,
    Persons: reservation.persons,
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="reservation-digest" content="${digestOf(reservation)}">
<title>Booking confirmation ${escapeHtml(id)}</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main>
<h1>Booking confirmed</h1>
<table>
${rows.map(([name, value]) => `<tr><th>${name}</th><td>${escapeHtml(value)}</td></tr>`).join("\n")}
</table>
</main>
</body>
</html>
`;
}

/** The digest in a rendered confirmation, or undefined when the file isn't one of ours. */
export function digestIn(html: string): string | undefined {
  return /<meta name="reservation-digest" content="([0-9a-f]{16})">/.exec(html)?.[1];
}
