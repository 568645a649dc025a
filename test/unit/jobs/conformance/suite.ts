import { afterAll, afterEach, beforeAll, beforeEach, describe } from "vitest";
import { canBeReachedAgain } from "./faults";
import { type Opens, type Server, Site } from "./harness";
import { ordersAndLimits } from "./orders";
import { recurs } from "./recurring";
import { runs } from "./running";
import { stores } from "./storing";

/**
 * What every provider does alike, whatever keeps its jobs: one suite, run against each on its real server.
 *
 * @param missing why it can't be tried here; counted as skipped, by name
 */
export function conforms(name: "bullmq" | "agenda", missing: string, start: () => Promise<Server>, opens: Opens): void {
  const note = missing === "" ? "" : ` (skipped: ${missing})`;
  describe.skipIf(missing !== "")(`conformance of ${name}${note}`, () => {
    let server: Server;
    let site: Site;
    beforeAll(async () => {
      server = await start();
    }, 60_000);
    afterAll(async () => {
      await server?.remove();
    });
    beforeEach(() => {
      site = new Site(opens, server);
    });
    afterEach(async () => {
      await site.close();
    });
    stores(() => site);
    runs(() => site);
    ordersAndLimits(() => site);
    recurs(() => site);
    canBeReachedAgain(
      () => site,
      () => server,
      name,
    );
  });
}
