import { ask } from "/components/feed.mjs";
import { badge, el } from "/components/parts.mjs";
import { button, repeat, table } from "./table.mjs";

const REFRESH_MS = 3000;
const COUNTS = ["scheduled", "waiting", "active", "completed", "failed"];

/** The queues with their counts; pausing and resuming for those who may. */
export function queues(section, { mayChange, attempt }) {
  let shown = "";
  const refresh = () =>
    attempt(async () => {
      const { queues } = await ask("/api/queues/");
      // Nothing is drawn anew that is the same: a focused button stays focused.
      if (shown === JSON.stringify(queues)) return;
      shown = JSON.stringify(queues);
      const focused = document.activeElement?.dataset.queue;
      section.replaceChildren(table(["Queue", ...COUNTS, "State", ""], queues.map(row)));
      if (focused) section.querySelector(`button[data-queue="${CSS.escape(focused)}"]`)?.focus();
    });

  function row({ name, description, paused, counts }) {
    const state = badge();
    state.set(paused ? "failed" : "completed", paused ? "paused" : "runs");
    const what = paused ? "Resume" : "Pause";
    const toggle = () =>
      attempt(() => ask(`/api/queues/${encodeURIComponent(name)}/${what.toLowerCase()}/`, { method: "POST" })).then(
        refresh,
      );
    return [
      el("span", {}, el("strong", {}, name), el("br"), el("span", { class: "quiet" }, description)),
      ...COUNTS.map((count) => String(counts?.[count] ?? "–")),
      state.element,
      mayChange ? button(what, toggle, { "aria-label": `${what} ${name}`, "data-queue": name }) : "",
    ];
  }

  const end = repeat(refresh, REFRESH_MS);
  return () => {
    end();
    section.replaceChildren();
  };
}
