/** The words of the components, in the language of the page. */
const TEXTS = {
  en: {
    status: {
      scheduled: "scheduled",
      waiting: "waiting",
      active: "active",
      completed: "completed",
      failed: "failed",
      cancelled: "cancelled",
    },
    tasks: "Tasks",
    task: "Task",
    queue: "Queue",
    state: "Status",
    progress: "Progress",
    created: "Created",
    actions: "Actions",
    cancel: "Cancel",
    cancelling: "Cancelling …",
    retry: "Retry",
    refresh: "Refresh",
    all: "all",
    live: "live",
    polling: "asks at intervals",
    offline: "The server doesn't answer. It is asked again.",
    login: "Log in to see tasks.",
    none: "No tasks.",
    earlier: "Previous page",
    later: "Next page",
    range: (from, to, total) => `${from}–${to} of ${total}`,
    attempt: (attempt, attempts) => `attempt ${attempt} of ${attempts}`,
    cancelRequested: (name) => `${name} is being cancelled.`,
    cancelled: (name) => `${name} is cancelled.`,
    retried: (name) => `${name} runs again.`,
    is: (name, status) => `${name}: ${status}`,
  },
  de: {
    status: {
      scheduled: "geplant",
      waiting: "wartet",
      active: "läuft",
      completed: "fertig",
      failed: "fehlgeschlagen",
      cancelled: "abgebrochen",
    },
    tasks: "Tasks",
    task: "Task",
    queue: "Queue",
    state: "Status",
    progress: "Fortschritt",
    created: "Erstellt",
    actions: "Aktionen",
    cancel: "Abbrechen",
    cancelling: "Wird abgebrochen …",
    retry: "Wiederholen",
    refresh: "Aktualisieren",
    all: "alle",
    live: "live",
    polling: "fragt regelmäßig nach",
    offline: "Der Server antwortet nicht. Er wird wieder gefragt.",
    login: "Zum Ansehen der Tasks bitte anmelden.",
    none: "Keine Tasks.",
    earlier: "Vorige Seite",
    later: "Nächste Seite",
    range: (from, to, total) => `${from}–${to} von ${total}`,
    attempt: (attempt, attempts) => `Versuch ${attempt} von ${attempts}`,
    cancelRequested: (name) => `${name} wird abgebrochen.`,
    cancelled: (name) => `${name} ist abgebrochen.`,
    retried: (name) => `${name} läuft noch einmal.`,
    is: (name, status) => `${name}: ${status}`,
  },
};

/** Of the nearest `lang`; English where the page names a language that isn't here. */
export function textsFor(element) {
  const lang = languageOf(element);
  return TEXTS[lang.slice(0, 2).toLowerCase()] ?? TEXTS.en;
}

const languageOf = (element) => element.closest("[lang]")?.lang || document.documentElement.lang || "en";

/** A moment, as people of the page's language write it: the time today, else with the day. */
export function when(element, iso) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  const today = at.toDateString() === new Date().toDateString();
  const form = today ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(languageOf(element), form).format(at);
}
