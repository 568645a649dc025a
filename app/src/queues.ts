import type { QueueDefinition, Retention } from "queuehost/jobs";

const HOUR_S = 60 * 60;
const DAY_S = 24 * HOUR_S;

/** Finished jobs that are looked at and not counted: the last hundred, and the last fifty that failed. */
const few: { keepCompleted: Retention; keepFailed: Retention } = {
  keepCompleted: { age: 7 * DAY_S, count: 100 },
  keepFailed: { age: 7 * DAY_S, count: 50 },
};
/** All finished jobs of a time, up to a number that no queue of this application reaches. */
const all = (age: number): { keepCompleted: Retention; keepFailed: Retention } => ({
  keepCompleted: { age, count: 10_000 },
  keepFailed: { age, count: 10_000 },
});

/** The queues of the application's job types, beside those of the reservations. */
export const queues = {
  email: { description: "Mails that the application writes to its users", ...few },
  inventory: { description: "Stock: synchronised, changed in bulk, checked", ...few },
  report: { description: "Reports as files, and the mail that says where", ...few },
  file: { description: "Imports and exports", ...few },
  "ai-processing": { description: "Requests to a model", priority: "high", ...all(DAY_S) },
  "email-send": { description: "Mails made from a template", ...all(7 * DAY_S) },
  "webhook-dispatch": {
    description: "Signed events for other systems",
    ...all(3 * DAY_S),
    rateLimit: { max: 50, perMs: 1000 },
  },
  "image-processing": { description: "Images made smaller", priority: "low", ...all(DAY_S) },
  "analytics-events": { description: "What happened, counted", priority: "low", ...all(7 * DAY_S) },
  "export-jobs": { description: "Data for download", priority: "low", ...all(3 * DAY_S) },
  notifications: { description: "Reminders and notices at their time", ...all(7 * DAY_S) },
  maintenance: { description: "Old data removed", priority: "low", ...few },
  tasks: { description: "Long computations with progress", ...all(7 * DAY_S) },
} satisfies Record<string, QueueDefinition>;
