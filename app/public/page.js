const $ = (id) => document.getElementById(id);
const pollMs = 400;

/** Not crypto.randomUUID: a page served without HTTPS doesn't have it. */
function newKey() {
  return `p${Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

async function showHealth() {
  const health = await fetch("/health").then((answer) => answer.json());
  $("health").textContent = `Redis ${health.redis}, queue ${health.queue}, release ${health.release}`;
}

function describe(problem) {
  const faults = (problem.errors ?? []).map(({ path, message }) => `${path}: ${message}`);
  return faults.length > 0 ? faults.join("; ") : problem.detail;
}

function addRow({ id }, guest) {
  const row = $("list").insertRow(0);
  const [idCell, guestCell, status, progressCell, result] = Array.from({ length: 5 }, () => row.insertCell());
  idCell.textContent = id.slice(0, 8);
  guestCell.textContent = guest;
  const progress = progressCell.appendChild(document.createElement("progress"));
  progress.max = 100;
  return (state) => {
    status.textContent = state.error ? `${state.status}: ${state.error}` : state.status;
    progress.value = state.progress;
    if (!state.result || result.firstChild) return;
    const link = result.appendChild(document.createElement("a"));
    link.href = state.result.confirmation;
    link.textContent = "confirmation";
  };
}

async function follow(state, show) {
  show(state);
  if (state.status === "completed" || state.status === "failed") return;
  await new Promise((resolve) => setTimeout(resolve, pollMs));
  const next = await fetch(`/reservations/${state.id}`)
    .then((answer) => (answer.ok ? answer.json() : state))
    .catch(() => state);
  await follow(next, show);
}

async function reserve(event) {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData($("form")));
  const answer = await fetch("/reservations", {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": newKey() },
    body: JSON.stringify({ ...fields, persons: Number(fields.persons) }),
  });
  const body = await answer.json();
  $("fault").textContent = answer.ok ? "" : describe(body);
  if (answer.ok) await follow(body, addRow(body, fields.guest));
}

const day = (offset) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
$("form").elements.from.value = day(1);
$("form").elements.to.value = day(3);
$("form").addEventListener("submit", (event) => {
  reserve(event).catch(() => {
    $("fault").textContent = "The server didn't answer.";
  });
});
const refresh = () =>
  showHealth().catch(() => {
    $("health").textContent = "The server doesn't answer.";
  });
refresh();
setInterval(refresh, 3000);
