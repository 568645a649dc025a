import { Resolver } from "node:dns/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { destinations } from "../../../../twin/trap/destinations";
import { Names } from "../../../../twin/trap/names";
import { PROBED, Trap } from "../../../../twin/trap/trap";

describe("names inside of the trap", () => {
  let trap: Trap;
  let resolver: Resolver;
  beforeEach(async () => {
    trap = new Trap();
    const { names } = await trap.listen("127.0.0.1");
    resolver = new Resolver();
    resolver.setServers([`127.0.0.1:${names}`]);
  });
  afterEach(() => trap.close());

  test("each has an address of its own, by which it is known again", async () => {
    const [mail] = await resolver.resolve4("smtp.example.org");
    const [other] = await resolver.resolve4("api.example.org");
    expect(await resolver.resolve4("SMTP.example.org")).toEqual([mail]);
    expect(other).not.toBe(mail);
    expect([mail, other]).not.toContain(PROBED);
    expect(trap.names.nameOf(mail ?? "")).toBe("smtp.example.org");
  });

  test("there is nothing but IPv4", async () => {
    await expect(resolver.resolve6("smtp.example.org")).rejects.toThrow("ENODATA");
    await expect(resolver.resolveMx("example.org")).rejects.toThrow("ENODATA");
  });

  test("what is no question gets no answer", () => {
    const names = new Names();
    expect(names.answer(Buffer.alloc(4))).toBeUndefined();
    expect(names.answer(Buffer.from("000001000001000000000000ff", "hex"))).toBeUndefined();
    expect(
      names.answer(Buffer.concat([Buffer.from("000001000001000000000000", "hex"), Buffer.alloc(5, 63)])),
    ).toBeUndefined();
  });
});

test("destinations are read from what nft lists, by their names", () => {
  const element = (address: string, port: number, packets: number) => ({
    elem: { val: { concat: [address, port] }, counter: { packets, bytes: 60 } },
  });
  const json = JSON.stringify({
    nftables: [
      { metainfo: { version: "1.1.3" } },
      {
        set: {
          table: "queuehost_trap",
          name: "tcp4",
          elem: [element("240.0.0.2", 587, 2), element(PROBED, 9, 1), element("192.0.2.1", 443, 5)],
        },
      },
      { set: { table: "queuehost_trap", name: "tcp6" } },
      { set: { table: "queuehost", name: "ssh4", elem: ["192.0.2.7"] } },
      { set: { table: "queuehost_trap", name: "udp6", elem: [element("2001:db8::1", 123, 1)] } },
    ],
  });
  expect(destinations(json, (address) => (address === "240.0.0.2" ? "smtp.example.org" : undefined))).toEqual([
    { protocol: "tcp", host: "192.0.2.1", port: 443, count: 5 },
    { protocol: "tcp", host: "smtp.example.org", port: 587, count: 2 },
    { protocol: "udp", host: "2001:db8::1", port: 123, count: 1 },
  ]);
});
