import { expect, it } from "vitest";
import { z } from "zod";
import { documentTable } from "../../../app/jobs/document";
import { defineJob } from "../../../app/jobs/table/define-job";
import { defineTable } from "../../../app/jobs/table/define-table";

const run = async () => {};

const resize = defineJob({
  ...{ name: "resize", queue: "images", description: "Makes an image smaller | or larger", run },
  payload: z.strictObject({
    file: z.string().min(1).max(200),
    width: z.int().min(1).max(8192),
    format: z.enum(["png", "jpg"]).default("jpg"),
    at: z.iso.datetime().optional(),
    tags: z.array(z.string()).max(5).optional(),
    owner: z.strictObject({ id: z.int(), name: z.string() }).nullable(),
    token: z.string(),
  }),
  ...{ encrypted: ["token"], attempts: 1, backoff: 90_000, timeLimits: { soft: 30, hard: 60 }, maxBytes: 2000 },
  ...{ orderBy: () => "k", idFrom: () => "k", fallback: false, sandboxed: true },
  ...{ version: 2, upgrade: { 1: (old: unknown) => old } },
});
const notice = defineJob({
  ...{ name: "notice", queue: "mail", description: "Tells somebody", tracked: false, run },
  payload: z.discriminatedUnion("by", [
    z.object({ by: z.literal("mail"), to: z.email() }),
    z.object({ by: z.literal("sms"), number: z.number().positive() }),
  ]),
});

it("documentTable says what there is to know of queues and jobs", () => {
  const table = defineTable({
    queues: {
      mail: { description: "Mails", priority: "high", rateLimit: { max: 50, perMs: 500 } },
      images: {
        ...{ description: "Images", storedAs: "img", maxWaiting: 10 },
        keepCompleted: { age: 90, count: 5 },
        keepFailed: { age: 7200, count: 1 },
      },
    },
    jobs: [resize, notice],
    ordered: [["mail", "images"]],
  });
  expect(documentTable(table)).toMatchInlineSnapshot(`
    "| queue | for | stored as | priority | completed stay | failed stay | waiting at most | rate limit |
    | --- | --- | --- | --- | --- | --- | --- | --- |
    | \`mail\` | Mails |  | high (1) | 1 d, 10,000 jobs | 7 d, 10,000 jobs | 100,000 | 50 per 500 ms |
    | \`images\` | Images | \`img\` | normal (5) | 90 s, 5 jobs | 2 h, 1 jobs | 10 |  |

    One worker serves \`mail\`, \`images\`, in this order; each other queue has its own.

    | job | queue | what it does | payload | priority | besides |
    | --- | --- | --- | --- | --- | --- |
    | \`resize\` | \`images\` | Makes an image smaller \\| or larger | \`file\` string from 1 to 200 characters<br>\`width\` integer from 1 to 8,192<br>\`format\` \`"png"\` or \`"jpg"\`, default \`"jpg"\`<br>\`at\` string (date-time), optional<br>\`tags\` list of string to 5, optional<br>\`owner\` object of id, name or null<br>\`token\` string, encrypted | 5 | 1 attempt; back-off 90 s; asked to end after 30 s; given up after 1 min; at most 2,000 bytes; version 2, reads 1 too; one after another by key; the same one once; waits for the queue; in a process of its own |
    | \`notice\` | \`mail\` | Tells somebody | \`by\` \`"mail"\`<br>\`to\` string (email)<br>or<br>\`by\` \`"sms"\`<br>\`number\` number | 1 | not in the task table |"
  `);
});
