import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { processInventoryImport } from "../../../../app/src/types/process-inventory-import";
import { processLargeDataset } from "../../../../app/src/types/process-large-dataset";
import { waitFor } from "../../../support/wait-for";
import { captureLog } from "../support/capture-log";
import { redis } from "../support/redis-server";
import { Site, TOKENS } from "./support/site";
import { chromium, openBrowser, Visitor } from "./support/visitor";

/** The browser's note of the one refusal that is part of coming without a login. */
const NO_LOGIN = /status of 401 \(Unauthorized\) .*\/api\/session\/$/;

describe.skipIf(chromium.missing || redis.missing)(
  `the application's pages${chromium.note}${redis.note}`,
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

    const operator = async (view: string): Promise<Visitor> => {
      const visitor = await Visitor.come(browser, site.url);
      await visitor.login(TOKENS.operator);
      await visitor.page.goto(`/tasks#${view}`);
      return visitor;
    };
    const leave = async ({ faults, page }: Visitor) => {
      expect(faults.filter((fault) => !NO_LOGIN.test(fault))).toEqual([]);
      await page.context().close();
    };
    const dead = async (count: number): Promise<string[]> => {
      const before = (await site.jobs.deadLetters()).total;
      const made: string[] = [];
      for (let file = 0; file < count; file++) {
        made.push((await site.jobs.enqueue(processInventoryImport, { businessId: file + 1, file: "missing.csv" })).id);
      }
      await waitFor("they are dead", async () => (await site.jobs.deadLetters()).total === before + count);
      return made;
    };
    const row = (page: Page, id: string) => page.getByRole("row").filter({ hasText: id });

    it("reserves without a login, and shows the confirmation", async () => {
      const visitor = await Visitor.come(browser, site.url);
      const { page } = visitor;
      await page.goto("/");
      await page.getByText("Redis up, queue active").waitFor();
      await page.getByRole("button", { name: "Reserve" }).click();
      await page.getByRole("cell", { name: "completed" }).waitFor();
      const link = await page.getByRole("link", { name: "confirmation" }).getAttribute("href");
      expect(await (await page.request.get(link ?? "")).text()).toContain("Ada Lovelace");
      await leave(visitor);
    });

    it("asks for a token, and lets nobody in with a wrong one", async () => {
      const visitor = await Visitor.come(browser, site.url);
      const { page } = visitor;
      await page.goto("/tasks");
      await page.getByLabel("Token").fill("not-one-of-the-tokens-there-are");
      await page.getByRole("button", { name: "Log in" }).click();
      await page.getByText("This token is not one of API_TOKENS.").waitFor();
      visitor.faults.length = 0;
      await page.getByLabel("Token").fill(TOKENS.viewer);
      await page.getByRole("button", { name: "Log in" }).click();
      await page.getByText("viewer", { exact: true }).waitFor();
      expect(await page.getByRole("link", { name: "New task" }).count()).toBe(0);
      await page.getByRole("link", { name: "Queues" }).click();
      await page.getByText("reservation", { exact: false }).first().waitFor();
      expect(await page.getByRole("button", { name: /Pause|Resume/ }).count()).toBe(0);
      await page.getByRole("button", { name: "Log out" }).click();
      await page.getByLabel("Token").waitFor();
      await leave(visitor);
    });

    it("enqueues what its form says, follows it and cancels it", async () => {
      const visitor = await operator("new");
      const { page } = visitor;
      await page.getByLabel("Type").first().selectOption("process-large-dataset");
      await page.getByLabel("to", { exact: true }).fill("10000000");
      await page.getByLabel("paceMs").fill("50");
      await page.getByRole("button", { name: "Enqueue" }).click();
      await page.getByText("active", { exact: true }).waitFor();
      await page.getByRole("link", { name: "List" }).click();
      await page.getByRole("button", { name: /^Cancel: process-large-dataset/ }).click();
      await page.getByRole("button", { name: /^Retry: process-large-dataset/ }).waitFor();
      const { jobs } = await site.jobs.list({ type: processLargeDataset.name });
      expect(jobs.map(({ status }) => status)).toEqual(["cancelled"]);
      await leave(visitor);
    });

    it("keeps each cell of the list in its place, however wide the window is", async () => {
      const [gone = ""] = await dead(1);
      const later = await site.jobs.enqueue(processLargeDataset, { to: 10 }, { delay: 3_600_000 });
      const visitor = await operator("list");
      const { page } = visitor;
      for (const id of [gone, later.id]) await page.getByTitle(id).waitFor();
      for (const width of [390, 700, 900, 1200]) {
        await page.setViewportSize({ width, height: 800 });
        const out = await page.locator("task-list td").evaluateAll((cells) =>
          cells.flatMap((cell) => {
            const { right } = cell.getBoundingClientRect();
            const table = cell.closest("table").getBoundingClientRect();
            const children = [...cell.children].map((child) => child.getBoundingClientRect().right);
            return Math.max(...children) > right + 1 || right > table.right + 1 ? [cell.className] : [];
          }),
        );
        expect([width, ...new Set(out)]).toEqual([width]);
      }
      await site.jobs.purgeDeadLetters({ ids: [gone] });
      await leave(visitor);
    });

    it("says what the server refuses, with its path", async () => {
      const visitor = await operator("new");
      const { page } = visitor;
      await page.getByLabel("Type").first().selectOption("process-large-dataset");
      await page.getByLabel("from", { exact: false }).fill("5");
      await page.getByLabel("to", { exact: true }).fill("1");
      await page.getByRole("button", { name: "Enqueue" }).click();
      await page.getByRole("alert").getByText("should not be less than `from`").waitFor();
      await page.context().close();
    });

    it("offers nobody a way out who has not come in", async () => {
      const visitor = await Visitor.come(browser, site.url);
      const { page } = visitor;
      await page.route("**/api/session/", (route) => route.fulfill({ json: { role: "operator", by: "loopback" } }));
      await page.goto("/tasks");
      await page.getByText("operator", { exact: true }).waitFor();
      expect(await page.getByRole("button", { name: "Log out" }).count()).toBe(0);
      await page.context().close();
    });

    it("has a form for each type of job", async () => {
      const visitor = await operator("new");
      const { page } = visitor;
      const type = page.getByLabel("Type").first();
      for (const { name } of site.jobs.table.jobs) {
        await type.selectOption(name);
        expect([name, await page.getByRole("group").locator("input, select, textarea").count()]).not.toEqual([name, 0]);
      }
      await leave(visitor);
    });

    it("retries, resolves and purges dead letters", async () => {
      const [first = "", second = "", third = ""] = await dead(3);
      const visitor = await operator("dead");
      const { page } = visitor;
      await row(page, first).getByRole("button", { name: "Resolve" }).click();
      await page.getByLabel("What was done about it?").fill("The file was taken over by hand.");
      await page.getByRole("dialog").getByRole("button", { name: "Resolve" }).click();
      await row(page, first).waitFor({ state: "detached" });
      await page.getByLabel("Settled ones").check();
      await page.getByText("The file was taken over by hand.").waitFor();
      await page.getByLabel("Settled ones").uncheck();
      await row(page, second).getByRole("checkbox").check();
      await row(page, third).getByRole("checkbox").check();
      await page.getByRole("button", { name: "Retry selected" }).click();
      // Both die again, of what they died of before.
      await waitFor("both ran again", async () => {
        const states = await Promise.all([second, third].map((id) => site.jobs.status(id)));
        return states.every((state) => state?.status === "failed");
      });
      await waitFor("both are dead again", async () => (await site.jobs.deadLetters()).total === 2);
      await page.reload();
      await page.getByLabel("Select all").check();
      await page.getByRole("button", { name: "Purge selected" }).click();
      await page.getByText("No dead letters.").waitFor();
      expect((await site.jobs.deadLetters()).total).toBe(0);
      await leave(visitor);
    });

    it("pauses a queue and resumes it", async () => {
      const visitor = await operator("queues");
      const { page } = visitor;
      await page.getByRole("button", { name: "Pause tasks" }).click();
      await page.getByRole("button", { name: "Resume tasks" }).waitFor();
      const { id } = await site.jobs.enqueue(processLargeDataset, { to: 10 });
      expect((await site.jobs.health()).queues.tasks).toMatchObject({ paused: true });
      await page.getByRole("button", { name: "Resume tasks" }).click();
      await waitFor("it runs", async () => (await site.jobs.status(id))?.status === "completed");
      await leave(visitor);
    });
  },
);
