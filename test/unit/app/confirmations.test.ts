import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { confirmReservation } from "../../../app/src/reservations/confirm";
import { type Confirmations, openConfirmations } from "../../../app/src/reservations/confirmations";
import { digestOf } from "../../../app/src/reservations/reservation";
import { digestIn, renderConfirmation } from "../../../app/src/reservations/template";
import { reservation } from "./support/backend";

let state: string;
let confirmations: Confirmations;
const files = () => readdirSync(join(state, "confirmations"));

beforeEach(async () => {
  state = mkdtempSync(join(tmpdir(), "queuehost-state-"));
  confirmations = await openConfirmations(state);
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

describe("Confirmations", () => {
  it("lets exactly one of many creators win, and leaves nothing half-written", async () => {
    const won = await Promise.all(Array.from({ length: 50 }, (_, n) => confirmations.create("booking-1", `try ${n}`)));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect((await confirmations.find("booking-1"))?.html).toBe(`try ${won.indexOf(true)}`);
    expect(files()).toEqual(["booking-1.html"]);
  });

  it("keeps guests' data from other users", async () => {
    await confirmations.create("booking-1", "x");
    expect(statSync(join(state, "confirmations")).mode & 0o007).toBe(0);
    expect(statSync(join(state, "confirmations", "booking-1.html")).mode & 0o007).toBe(0);
  });

  it("removes what a killed process left, and not what is being written", async () => {
    const [old, fresh] = [".a.1.part", ".b.2.part"].map((name) => join(state, "confirmations", name)) as [
      string,
      string,
    ];
    writeFileSync(old, "");
    writeFileSync(fresh, "");
    utimesSync(old, 0, 0);
    await openConfirmations(state);
    expect(files()).toEqual([".b.2.part"]);
  });

  it("says so when the state folder can't be made", async () => {
    writeFileSync(join(state, "file"), "");
    await expect(openConfirmations(join(state, "file"))).rejects.toThrow(/^STATE_DIR: should be a folder/);
  });
});

describe("confirmReservation", () => {
  it("tells its progress, and has its effect on the first run alone", async () => {
    const seen: number[] = [];
    const onProgress = async (percent: number) => void seen.push(percent);
    expect(await confirmReservation(confirmations, "booking-1", reservation, { onProgress })).toBe(true);
    expect(seen).toEqual([10, 60, 100]);
    expect(await confirmReservation(confirmations, "booking-1", reservation, { onProgress })).toBe(false);
    expect(seen).toHaveLength(3);
  });

  it("ends before its effect when it is aborted", async () => {
    const abort = new AbortController();
    const onProgress = async () => void setTimeout(() => abort.abort(), 20);
    const options = { onProgress, signal: abort.signal, paceMs: 60_000 };
    const work = confirmReservation(confirmations, "booking-1", reservation, options);
    await expect(work).rejects.toThrow(/abort/i);
    expect(files()).toEqual([]);
  });
});

describe("renderConfirmation", () => {
  it("is a page without scripts, with every value escaped", () => {
    expect(renderConfirmation("booking-1", { ...reservation, guest: `<b>"Ada" & 'co'</b>` })).toBe(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="reservation-digest" content="${digestOf({ ...reservation, guest: `<b>"Ada" & 'co'</b>` })}">
<title>Booking confirmation booking-1</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main>
<h1>Booking confirmed</h1>
<table>
<tr><th>Reservation</th><td>booking-1</td></tr>
<tr><th>Guest</th><td>&lt;b&gt;&quot;Ada&quot; &amp; &#39;co&#39;&lt;/b&gt;</td></tr>
<tr><th>E-mail</th><td>ada@example.org</td></tr>
<tr><th>Resource</th><td>Room 12</td></tr>
<tr><th>From</th><td>2026-12-01</td></tr>
<tr><th>To</th><td>2026-12-03</td></tr>
<tr><th>Persons</th><td>2</td></tr>
</table>
</main>
</body>
</html>
`);
  });

  it("carries a digest that tells reservations apart", () => {
    const digest = digestIn(renderConfirmation("booking-1", reservation));
    expect(digest).toBe(digestOf(reservation));
    expect(digest).not.toBe(digestOf({ ...reservation, persons: 3 }));
  });
});
