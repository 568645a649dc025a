import { el } from "/components/parts.mjs";

/** A table of this page; on a narrow screen each cell names its column. */
export function table(columns, rows) {
  const head = el("tr", {}, ...columns.map((name) => el("th", { scope: "col" }, name)));
  const body = rows.map((cells) =>
    el("tr", {}, ...cells.map((cell, at) => el("td", { "data-label": text(columns[at]) }, cell))),
  );
  return el("table", { class: "cards" }, el("thead", {}, head), el("tbody", {}, ...body));
}

const text = (column) => (typeof column === "string" ? column : "");

export const button = (text, onclick, properties = {}) =>
  el("button", { type: "button", onclick, ...properties }, text);

/** Runs `work` now and every `ms` milliseconds while the page is seen. @returns what ends it */
export function repeat(work, ms) {
  work();
  const timer = setInterval(() => document.hidden || work(), ms);
  return () => clearInterval(timer);
}
