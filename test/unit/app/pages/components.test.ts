import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { processInventoryImport } from "../../../../app/src/types/process-inventory-import";
import { processLargeDataset } from "../../../../app/src/types/process-large-dataset";
import { waitFor } from "../../../support/wait-for";
import { captureLog } from "../support/capture-log";
import { redis } from "../support/redis-server";
import { Site, TOKENS } from "./support/site";
import { chromium, openBrowser, Visitor } from "./support/visitor";

/** Runs until it is cancelled. */
const endless = { to: 10_000_000, paceMs: 50 };
/** Some fifty steps. */
const short = { to: 50_000, paceMs: 20 };

describe.skipIf(chromium.missing || redis.missing)(
  `web components in Chromium${chromium.note}${redis.note}`,
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

    const come = async (role: keyof typeof TOKENS | undefined, options = {}) => {
      const visitor = await Visitor.come(browser, site.url, options);
      if (role) await visitor.login(TOKENS[role]);
      return visitor;
    };

    describe("<task-progress>", () => {
      it("follows a task to its end, and says so once", async () => {
        const { id } = await site.jobs.enqueue(processLargeDataset, short);
        const visitor = await come("viewer");
        const { page } = visitor;
        await visitor.embed(`<task-progress task-id="${id}" name="Primes"></task-progress>`);
        const bar = page.getByRole("progressbar", { name: "Primes: Progress" });
        await waitFor("the bar has moved", async () => Number(await bar.getAttribute("aria-valuenow")) > 0);
        await page.getByText("Elemente verarbeitet").waitFor();
        await waitFor("task-completed", async () => (await visitor.heard()).length > 0);
        expect(await bar.getAttribute("aria-valuenow")).toBe("100");
        expect(await page.getByRole("status").textContent()).toBe("Primes: completed");
        expect(await page.getByRole("button").count()).toBe(0);
        // A framework that hears of it may say so to the element too.
        await page.locator("task-progress").evaluate((element) => element.setAttribute("status", "completed"));
        expect(await visitor.heard()).toEqual([`task-completed ${id}`]);
        expect(visitor.faults).toEqual([]);
        await visitor.leave();
      });

      it("cancels by keyboard, in German", async () => {
        const { id } = await site.jobs.enqueue(processLargeDataset, endless);
        const visitor = await come("operator");
        await visitor.embed(`<task-progress task-id="${id}" show-cancel></task-progress>`, "de-DE");
        await visitor.page.getByText("läuft", { exact: true }).waitFor();
        await visitor.page.keyboard.press("Tab");
        await visitor.page.keyboard.press("Enter");
        await visitor.page.getByText("abgebrochen", { exact: true }).waitFor();
        expect(await visitor.heard()).toEqual([`task-cancelled ${id}`]);
        expect(await site.jobs.status(id)).toMatchObject({ status: "cancelled" });
        expect(visitor.faults).toEqual([]);
        await visitor.leave();
      });

      it("says in place what a viewer isn't allowed to, and goes on", async () => {
        const { id } = await site.jobs.enqueue(processLargeDataset, endless);
        const visitor = await come("viewer");
        await visitor.embed(`<task-progress task-id="${id}" show-cancel></task-progress>`);
        await visitor.page.getByRole("button", { name: "Cancel" }).click();
        await visitor.page.getByText("this takes an operator's token").waitFor();
        expect((await site.jobs.status(id))?.status).not.toBe("cancelled");
        await site.jobs.cancel(id);
        await visitor.page.getByText("cancelled", { exact: true }).waitFor();
        await visitor.leave();
      });

      it("has the properties of its attributes, and another task when they name one", async () => {
        const visitor = await come("viewer");
        const first = await site.jobs.enqueue(processLargeDataset, { to: 10 });
        const second = await site.jobs.enqueue(processInventoryImport, { businessId: 1, file: "missing.csv" });
        await visitor.embed(
          `<task-progress task-id="${first.id}" status="completed" created-at="2020-01-02T12:00:00Z"></task-progress>`,
        );
        const { page } = visitor;
        await page.getByText("completed", { exact: true }).waitFor();
        expect(await page.locator("task-progress time").textContent()).toContain("Jan 2, 2020");
        await page.locator("task-progress").evaluate((element, taskId) => {
          element.removeAttribute("status");
          Object.assign(element, { taskId, name: "<b>Import</b>", showCancel: true, progress: 10 });
        }, second.id);
        await page.getByText("failed", { exact: true }).waitFor();
        expect(await page.locator("task-progress .name").textContent()).toBe("<b>Import</b>");
        expect(await page.getByRole("alert").textContent()).not.toBe("");
        const attributes = await page
          .locator("task-progress")
          .evaluate((element) => element.getAttributeNames().sort().join(" "));
        expect(attributes).toBe("created-at name progress show-cancel task-id");
        // The first was finished when the page came: nobody waited for its end.
        expect(await visitor.heard()).toEqual([`task-failed ${second.id}`]);
        await visitor.leave();
      });

      it("outlives a loss of the connection, and says that it lost it", async () => {
        const { id } = await site.jobs.enqueue(processLargeDataset, { to: 100_000, paceMs: 40 });
        const visitor = await come("viewer");
        const { page } = visitor;
        await visitor.embed(`<task-progress task-id="${id}"></task-progress>`);
        await page.getByText("active", { exact: true }).waitFor();
        site.cut();
        await page.getByText("The server doesn't answer.").waitFor();
        site.mend();
        await page.getByText("The server doesn't answer.").waitFor({ state: "hidden" });
        await page.getByText("completed", { exact: true }).waitFor();
        expect(await visitor.heard()).toEqual([`task-completed ${id}`]);
        await visitor.leave();
      });

      it("asks at intervals where there are no events", async () => {
        const { id } = await site.jobs.enqueue(processLargeDataset, { to: 60_000, paceMs: 50 });
        const visitor = await come("viewer");
        await visitor.page.route("**/api/tasks/events/", (route) => route.fulfill({ status: 502 }));
        await visitor.embed(`<task-progress task-id="${id}"></task-progress>`);
        await visitor.page.getByText("completed", { exact: true }).waitFor();
        await visitor.leave();
      });
    });

    describe("<task-list>", () => {
      it("shows tasks as they come and change, and cancels and retries", async () => {
        const visitor = await come("operator");
        const { page } = visitor;
        await visitor.embed(`<task-list heading="Work" auto-refresh queue="tasks"></task-list>`);
        await page.getByText("live", { exact: true }).waitFor();
        const { id } = await site.jobs.enqueue(processLargeDataset, endless);
        // It may come with an answer that was under way. Two of those there may be, not three.
        for (let more = 0; more < 3; more++) {
          const next = await site.jobs.enqueue(processLargeDataset, { to: 10 }, { delay: 3_600_000 });
          await page.getByTitle(next.id).waitFor();
        }
        await page.getByRole("button", { name: `Cancel: process-large-dataset ${id}` }).click();
        await page.getByRole("button", { name: `Retry: process-large-dataset ${id}` }).click();
        await waitFor("it runs again", async () => (await site.jobs.status(id))?.status === "active");
        await page.getByRole("button", { name: `Cancel: process-large-dataset ${id}` }).click();
        await waitFor("it is cancelled", async () => (await site.jobs.status(id))?.status === "cancelled");
        await waitFor("the second event", async () => (await visitor.heard()).length === 2);
        expect(await visitor.heard()).toEqual([`task-cancelled ${id}`, `task-cancelled ${id}`]);
        expect(await page.getByRole("heading", { name: "Work" }).count()).toBe(1);
        expect(visitor.faults).toEqual([]);
        await visitor.leave();
      });

      it("says that it isn't live any more, and is again by itself, with what came meanwhile", async () => {
        const visitor = await come("viewer");
        const { page } = visitor;
        await visitor.embed(`<task-list auto-refresh refresh-interval="600000"></task-list>`);
        await page.getByText("live", { exact: true }).waitFor();
        site.cut();
        await page.getByText("asks at intervals").waitFor();
        const { id } = await site.jobs.enqueue(processLargeDataset, { to: 10 });
        site.mend();
        await page.getByText("live", { exact: true }).waitFor();
        await page.getByTitle(id).waitFor();
        await visitor.leave();
      });

      it("has no buttons for viewers, and says who isn't logged in", async () => {
        const visitor = await come("viewer");
        await visitor.embed("<task-list></task-list>");
        await visitor.page.getByRole("row").nth(1).waitFor();
        expect(await visitor.page.getByRole("button", { name: /Cancel|Retry/ }).count()).toBe(0);
        expect(visitor.faults).toEqual([]);
        await visitor.leave();
        const stranger = await come(undefined);
        await stranger.embed("<task-list></task-list>");
        await stranger.page.getByText("Log in to see tasks.").waitFor();
        await stranger.leave();
      });

      it("draws 500 rows, and touches one when one task changes", async () => {
        const later = Array.from({ length: 600 }, () => ({ to: 10 }));
        await site.jobs.enqueueBulk(processLargeDataset, later, { delay: 3_600_000 });
        const { id } = await site.jobs.enqueue(processLargeDataset, endless);
        const visitor = await come("viewer");
        const { page } = visitor;
        await visitor.embed(`<task-list auto-refresh limit="500"></task-list>`);
        await page.getByText(/^1–500 of \d+$/).waitFor();
        expect(await page.getByRole("row").count()).toBe(501);
        await page.getByText("live", { exact: true }).waitFor();
        const touched = await page.evaluate("touchedIn(5)");
        expect(touched).toEqual([id]);
        await page.getByRole("button", { name: "Next page" }).click();
        await page.getByText(/^501–\d+ of \d+$/).waitFor();
        await page.getByLabel("Status").selectOption("active");
        await page.getByText("1–1 of 1").waitFor();
        await site.jobs.cancel(id);
        // What doesn't fit the filter any more goes.
        await page.getByText("No tasks.").waitFor();
        expect(visitor.faults).toEqual([]);
        await visitor.leave();
      });
    });

    it("fits a telephone in the dark, without motion for those who don't want any", async () => {
      const visitor = await come("viewer", {
        viewport: { width: 360, height: 740 },
        colorScheme: "dark",
        reducedMotion: "reduce",
      });
      await visitor.embed(`<meta name="color-scheme" content="light dark"><task-list></task-list>`);
      const { page } = visitor;
      await page.getByRole("row").nth(1).waitFor();
      expect(await page.evaluate("looks()")).toEqual({ width: 360, moves: "0s", button: "rgb(28, 32, 39)" });
      await visitor.leave();
    });
  },
);
