import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunError } from "@pulumi/pulumi";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { assertSameApp, offerForExisting, offerForNew, taken, type Wanted } from "../../infra/config/catalogue";
import { type ExistingServer, ServerType } from "../../infra/config/hetzner";
import { failedOrders, forgetOrders, isRefused, type Order, rememberOrder } from "../../infra/config/orders";
import { SERVER_TYPES } from "../../twin/catalogue";
import { showServerType } from "../../twin/show";
import { emptyState } from "../../twin/state";

/** What Hetzner offers, when of that these are sold out: `cx23 nbg1`. */
function offered(...soldOut: string[]): ServerType[] {
  const state = emptyState();
  state.soldOut = soldOut.map((one) => {
    const [server_type = "", location = ""] = one.split(" ");
    return { server_type, location, listed: true };
  });
  return z.array(ServerType).parse(SERVER_TYPES.map((type) => showServerType(type, state)));
}

const wanted = (types: string, locations: string): Wanted => ({
  stack: "production",
  project: "queuehost",
  "app.name": "shop",
  "server.name": "web",
  "server.type": types.split(" "),
  "server.location": locations.split(" "),
});

const refused = (type: string, location: string, minutesAgo = 1): Order => ({
  type,
  location,
  at: Date.now() - minutesAgo * 60_000,
});

describe("a new server", () => {
  const choose = (types: string, locations: string, soldOut: string[] = [], orders: Order[] = []) => {
    const { type, location } = offerForNew(wanted(types, locations), offered(...soldOut), orders);
    return `${type} ${location}`;
  };

  test.each([
    ["the first of both, where that can be had", [], "cx23 nbg1"],
    ["the same type elsewhere before another type", ["cx23 nbg1"], "cx23 fsn1"],
    ["the next type, where no location has the first", ["cx23 nbg1", "cx23 fsn1"], "cx33 nbg1"],
  ])("is %s", (_, soldOut, chosen) => {
    expect(choose("cx23 cx33", "nbg1 fsn1", soldOut)).toBe(chosen);
  });

  test("isn't looked for where its type is not offered", () => {
    expect(choose("cx23", "ash hel1")).toBe("cx23 hel1");
  });

  test("is where its addresses are kept and nowhere else", () => {
    const { type, location } = offerForNew(wanted("cx23 cx33", "nbg1 fsn1"), offered("cx23 hel1"), [], "hel1");
    expect(`${type} ${location}`).toBe("cx33 hel1");
    expect(() => offerForNew(wanted("cx23", "nbg1"), offered("cx23 hel1"), [], "hel1")).toThrow(
      /in hel1, where the addresses are that the server is to get \(server\.keepAddress\): cx23 in hel1 is sold out\..*\n.*config set server\.keepAddress false/,
    );
  });

  test("is not what was refused lately, unless there is nothing else", () => {
    expect(choose("cx23", "nbg1 fsn1", [], [refused("cx23", "nbg1")])).toBe("cx23 fsn1");
    expect(choose("cx23", "nbg1 fsn1", ["cx23 fsn1"], [refused("cx23", "nbg1")])).toBe("cx23 nbg1");
    expect(choose("cx23", "nbg1 fsn1", [], [refused("cx23", "nbg1", 16)])).toBe("cx23 nbg1");
  });

  test("tells the architecture for which the application is built", () => {
    expect(offerForNew(wanted("cax11", "nbg1"), offered(), [])).toEqual({
      type: "cax11",
      location: "nbg1",
      architecture: "arm64",
      app: "shop",
      isOrder: true,
    });
  });

  test("that can't be had names all that was tried, and what there is instead", () => {
    expect(() => choose("cx23", "nbg1 ash", ["cx23 nbg1"])).toThrow(
      new RunError(
        `server.type, server.location: Hetzner has nothing of what they name: cx23 in nbg1 is sold out, cx23 in ash isn't offered. Nothing was changed. Try again later, or add to one of the lists:
    npx pulumi config set server.type 'cx23, cx33' --stack production   # has room
    npx pulumi config set server.location 'nbg1, ash, fsn1' --stack production   # has room`,
      ),
    );
  });

  test("isn't one whose type Hetzner has given up in that location", () => {
    const types = offered().map((type) => ({
      ...type,
      locations: type.locations.map((location) => ({
        ...location,
        deprecation: { unavailable_after: location.name === "nbg1" ? "2026-01-01T00:00:00Z" : "2999-01-01T00:00:00Z" },
      })),
    }));
    expect(offerForNew(wanted("cx23", "nbg1 fsn1"), types, [])).toMatchObject({ location: "fsn1" });
  });
});

describe("a server that exists", () => {
  const server: ExistingServer = {
    id: 42,
    name: "web",
    status: "running",
    labels: {},
    server_type: { name: "cx33", architecture: "x86" },
    location: { name: "fsn1" },
    primary_disk_size: 40,
  };
  const choose = (types: string, soldOut: string[] = [], orders: Order[] = [], more: Partial<ExistingServer> = {}) => {
    const offer = offerForExisting(wanted(types, "nbg1 fsn1"), offered(...soldOut), orders, { ...server, ...more });
    expect(offer).toMatchObject({ location: "fsn1", existing: 42, architecture: "x64" });
    return `${offer.type}${offer.isOrder ? " ordered" : ""}`;
  };

  test("keeps its type while that is in the list, and its location anyhow", () => {
    expect(choose("cx23 cx33")).toBe("cx33");
    expect(choose("cx23 cx33", ["cx33 fsn1"])).toBe("cx33");
  });

  test("gets the first type that its location has, otherwise", () => {
    expect(choose("cx43 cx23")).toBe("cx43 ordered");
    expect(choose("cx43 cx23", ["cx43 fsn1"])).toBe("cx23 ordered");
    expect(choose("cax11 cx43")).toBe("cx43 ordered");
    expect(choose("cx23 cx43", [], [], { primary_disk_size: 80 })).toBe("cx43 ordered");
    expect(choose("cx43 cx23", [], [refused("cx43", "fsn1")])).toBe("cx23 ordered");
  });

  test("keeps the label of the application that it was made for", () => {
    const app = (labels: Record<string, string>) =>
      offerForExisting(wanted("cx33", "fsn1"), offered(), [], { ...server, labels }).app;
    expect(app({ app: "shop" })).toBe("shop");
    expect(app({})).toBeUndefined();
  });

  test("stays as it is when none fits, and its operator is told why", () => {
    expect(() => choose("cax11 cx23 cpx11 cx43", ["cx43 fsn1"], [refused("cx23", "fsn1")])).toThrow(
      new RunError(
        `server.type: the server (42: cx33, x86, 40 GB, in fsn1) can't become any of these: cax11 has another architecture (arm), cx23 was refused some minutes ago, cpx11 isn't offered, cx43 is sold out. Nothing was changed. Try again later, keep its type, or have a new server made:
    npx pulumi config set server.type cx33 --stack production
    npm run queuehost -- recreate --stack production`,
      ),
    );
    expect(() => choose("cx23", [], [], { primary_disk_size: 80 })).toThrow("cx23 has a smaller disk (40 GB)");
  });
});

describe("another's server", () => {
  const server = (labels: Record<string, string>, name = "web"): ExistingServer => ({
    id: 42,
    name,
    status: "running",
    labels,
    server_type: { name: "cx23", architecture: "x86" },
    location: { name: "nbg1" },
    primary_disk_size: 40,
  });
  const own = { "managed-by": "queuehost", stack: "production" };

  test.each([
    ["this project's, left by an up", { ...own, project: "queuehost" }, "takes over what a killed up has left"],
    ["one of 0.1.0, which had no label of its project", own, "takes over what a killed up has left"],
    [
      "the stack of that name of another project",
      { ...own, project: "blog" },
      "of stack production of project blog in",
    ],
    [
      "another stack's",
      { ...own, stack: "staging", project: "queuehost" },
      "of stack staging in the same project at Hetzner",
    ],
    ["nobody's that is known", {}, "of somebody else in"],
  ])("of the wanted name is told as %s", (_, labels, words) => {
    expect(taken(wanted("cx23", "nbg1"), server(labels)).message).toContain(words);
  });

  test("is given up by its name, with one that is free", () => {
    expect(
      taken(wanted("cx23", "nbg1"), server({ ...own, project: "blog" }, "queuehost-production")).message,
    ).toContain("config set server.name queuehost-production-2 --stack production");
  });

  test("is one that runs another application: refused with the way back", () => {
    const check = (labels: Record<string, string>) => () => assertSameApp(wanted("cx23", "nbg1"), server(labels));
    expect(check({ ...own, app: "shop" })).not.toThrow();
    expect(check(own)).not.toThrow();
    expect(check({ ...own, app: "intranet" })).toThrow(
      new RunError(
        `app.name: the server web runs intranet, and a server has one application; got shop. Nothing was changed. Set it back, or have a new server made:
    npx pulumi config set app.name intranet --stack production
    npm run queuehost -- recreate --stack production`,
      ),
    );
  });
});

describe("orders that came to nothing", () => {
  const home = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), "queuehost-orders-"));
  beforeAll(() => process.chdir(folder));
  afterEach(() => rmSync(join(folder, ".queuehost"), { recursive: true, force: true }));
  afterAll(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true });
  });

  test("are remembered by stack, until one was carried out", () => {
    rememberOrder("production", "cx23", "nbg1");
    rememberOrder("staging", "cx33", "fsn1");
    expect(isRefused(failedOrders("production"), "cx23", "nbg1")).toBe(true);
    expect(isRefused(failedOrders("production"), "cx33", "fsn1")).toBe(false);
    forgetOrders("production");
    expect(failedOrders("production")).toEqual([]);
    expect(failedOrders("staging")).toHaveLength(1);
  });

  test("are none where nothing is, or something damaged, and no other stack's concern", () => {
    expect(failedOrders("production")).toEqual([]);
    rememberOrder("production", "cx23", "nbg1");
    rememberOrder("staging", "cx33", "fsn1");
    writeFileSync(join(folder, ".queuehost/orders-production.json"), '[{"type": "cx');
    expect(failedOrders("production")).toEqual([]);
    expect(failedOrders("staging")).toHaveLength(1);
  });
});
