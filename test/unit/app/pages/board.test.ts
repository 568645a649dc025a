import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { processInventoryImport } from "../../../../app/src/types/process-inventory-import";
import { processLargeDataset } from "../../../../app/src/types/process-large-dataset";
import { waitFor } from "../../../support/wait-for";
import { captureLog } from "../support/capture-log";
import { redis } from "../support/redis-server";
import { Site, TOKENS } from "./support/site";
import { chromium, openBrowser, Visitor } from "./support/visitor";

describe.skipIf(chromium.missing || redis.missing)(
  `Bull Board${chromium.note}${redis.note}`,
  { timeout: 60_000 },
  () => {
    let site: Site;
    let browser: Browser;
    beforeAll(async () => {
      captureLog();
      [site, browser] = await Promise.all([Site.start(), openBrowser()]);
    }, 60_000);
    afterAll(async () => {
      await browser?.close();
      await site?.remove();
    });

    const come = async (role: keyof typeof TOKENS) => {
      const visitor = await Visitor.come(browser, site.url);
      await visitor.login(TOKENS[role]);
      return visitor;
    };
    const failed = async (): Promise<string> => {
      const { id } = await site.jobs.enqueue(processInventoryImport, { businessId: 1, file: "missing.csv" });
      await waitFor("it failed", async () => (await site.jobs.status(id))?.status === "failed");
      return id;
    };

    it("sends who isn't logged in to where that is done, and back", async () => {
      const visitor = await Visitor.come(browser, site.url);
      const { page } = visitor;
      await page.goto("/admin/queues/");
      await page.getByLabel("Token").fill(TOKENS.viewer);
      await page.getByRole("button", { name: "Log in" }).click();
      await page.waitForURL("**/admin/queues/");
      expect((await page.context().request.get("/admin/queues/api/queues")).status()).toBe(200);
      await visitor.leave();
      const stranger = await Visitor.come(browser, site.url);
      expect((await stranger.page.request.get("/admin/queues/api/queues")).status()).toBe(401);
      await stranger.leave();
    });

    it("shows all queues of the table to a viewer, and lets them change nothing", async () => {
      const id = await failed();
      const visitor = await come("viewer");
      const { page } = visitor;
      await page.goto("/admin/queues/queue/file?status=failed");
      await page.getByText("there is no file missing.csv").first().waitFor();
      expect(await page.getByRole("button", { name: /retry|remove|clean/i }).count()).toBe(0);
      const queues = await page.request.get("/admin/queues/api/queues");
      const shown = ((await queues.json()) as { queues: { displayName: string }[] }).queues;
      expect(shown.map(({ displayName }) => displayName).sort()).toEqual(Object.keys(site.jobs.table.queues).sort());
      const retry = await page.request.put(`/admin/queues/api/queues/file/${id}/retry`);
      expect([retry.status(), await retry.text()]).toEqual([403, expect.stringContaining("operator")]);
      expect(visitor.faults).toEqual([]);
      await visitor.leave();
    });

    it("has an operator retry and remove jobs, and the task table knows", async () => {
      const id = await failed();
      const firstEnd = (await site.jobs.status(id))?.finishedAt;
      const later = await site.jobs.enqueue(processLargeDataset, { to: 10 }, { delay: 3_600_000 });
      const visitor = await come("operator");
      const { page } = visitor;
      await page.goto("/admin/queues/queue/file?status=failed");
      await page.getByText("there is no file missing.csv").first().waitFor();
      await page.getByRole("button", { name: "Retry all" }).click();
      await page.getByRole("button", { name: "Confirm" }).click();
      await waitFor("it ran again, and failed again", async () => {
        const state = await site.jobs.status(id);
        return state?.status === "failed" && state.finishedAt !== firstEnd;
      });
      expect((await page.request.put(`/admin/queues/api/queues/tasks/${later.id}/clean`)).status()).toBe(204);
      expect(await site.jobs.status(later.id)).toMatchObject({ status: "cancelled" });
      expect(visitor.faults).toEqual([]);
      await visitor.leave();
    });
  },
);
