import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { isIn, ownAddress, rangeOf } from "../../../../scripts/access/address";

let server: Server | undefined;
afterEach(() => server?.close());

async function answering(status: number, text: string): Promise<string> {
  server = createServer((_, response) => response.writeHead(status).end(text));
  await new Promise<void>((listening) => server?.listen(0, "127.0.0.1", listening));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("an address is a range of one; a range is written by its network", () => {
  expect(rangeOf("203.0.113.7")).toBe("203.0.113.7/32");
  expect(rangeOf("203.0.113.7/24")).toBe("203.0.113.0/24");
  expect(rangeOf("2001:DB8::7")).toBe("2001:db8::7/128");
  expect(rangeOf("2001:db8:0:1::7/64")).toBe("2001:db8:0:1::/64");
});

test.each(["0.0.0.0/0", "203.0.0.0/23", "2001:db8::/48", "home", "203.0.113", "203.0.113.7/33", ""])(
  "%j is refused",
  (text) => {
    expect(() => rangeOf(text)).toThrow(
      /^--address: should be an address such as 203\.0\.113\.7, or a range up to \/24/,
    );
  },
);

test("an address lies in ranges of its family alone", () => {
  expect(isIn("203.0.113.7", ["2001:db8::/32", "203.0.113.0/24"])).toBe(true);
  expect(isIn("203.0.114.7", ["2001:db8::/32", "203.0.113.0/24"])).toBe(false);
  expect(isIn("2001:db8::1", ["0.0.0.0/0"])).toBe(false);
});

test("the server says which address this machine has, also as IPv6 has it", async () => {
  expect(await ownAddress(await answering(200, "::ffff:198.51.100.7\n"))).toBe("198.51.100.7");
});

test.each([
  [200, "<html>a page of the application</html>"],
  [404, "198.51.100.7"],
])("an answer %s %j is no address", async (status, text) => {
  await expect(ownAddress(await answering(status, text))).rejects.toThrow(
    /^The server doesn't say which address this machine has .*Name it: --address 203\.0\.113\.7$/,
  );
});
