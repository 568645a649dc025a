import { ask, forgetRoles } from "/components/feed.mjs";
import { el, setText } from "/components/parts.mjs";
import { deadLetters } from "./dead-letters.mjs";
import { newTask } from "./new-task.mjs";
import { queues } from "./queues.mjs";

const $ = (id) => document.getElementById(id);

const BOARD = "/admin/queues/";

/** What a view shows; given what to do when it is seen, it gives what to do when it is left. */
const VIEWS = {
  list(section) {
    section.append(el("task-list", { "auto-refresh": "", heading: "" }));
    return () => section.replaceChildren();
  },
  dead: deadLetters,
  queues,
  new: newTask,
};

let leave = () => {};

function say(fault) {
  setText($("fault"), fault);
  $("fault").hidden = fault === "";
}

/** What a view can't do for the moment is said above it. */
async function attempt(work) {
  try {
    const result = await work();
    say("");
    return result;
  } catch (error) {
    if (error.status === 401) show(undefined);
    else say(error.status === 0 ? "The server doesn't answer." : error.message);
  }
}

function open(role) {
  leave();
  const wanted = location.hash.slice(1);
  const known = wanted in VIEWS && (wanted !== "new" || role === "operator");
  const name = known ? wanted : "list";
  for (const tab of $("tabs").querySelectorAll("a")) {
    const current = tab.getAttribute("href") === `#${name}`;
    if (current) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
    tab.hidden = tab.dataset.needs === "operator" && role !== "operator";
  }
  for (const view of Object.keys(VIEWS)) $(view).hidden = view !== name;
  leave = VIEWS[name]($(name), { mayChange: role === "operator", attempt });
}

function show(role, by) {
  $("login").hidden = role !== undefined;
  $("inside").hidden = role === undefined;
  $("who").hidden = role === undefined;
  setText($("role"), role ?? "");
  // Who is on this machine needs no session, and has none to end.
  $("logout").hidden = by !== "session";
  if (role !== undefined) return open(role);
  leave();
  leave = () => {};
}

/** Who is there? 401: nobody yet. */
async function enter() {
  forgetRoles();
  const session = await attempt(() => ask("/api/session/"));
  if (!session) return;
  // Whoever came from the board without being logged in goes back there.
  if (new URLSearchParams(location.search).get("next") === BOARD) location.replace(BOARD);
  else show(session.role, session.by);
}

$("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const token = $("login").elements.token.value;
  try {
    await ask("/login", { method: "POST", body: { token } });
  } catch (error) {
    return say(error.message || "The server doesn't answer.");
  }
  $("login").reset();
  await enter();
});
$("logout").addEventListener("click", () => attempt(() => ask("/logout", { method: "POST" })).then(enter));
addEventListener("hashchange", () => $("inside").hidden || open($("role").textContent));
enter();
