import { expect, test } from "vitest";
import { readStock } from "../../../../app/src/services/csv";

async function* chunked(content: string | Buffer, size = 7): AsyncIterable<Buffer> {
  const bytes = Buffer.from(content);
  // Also in the middle of a character.
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const read = (content: string | Buffer, size?: number) => readStock(chunked(content, size));

test.each([
  ["commas", "sku,name,quantity,reorder_level,price\nA-1,Bücher,3,5,12.50\n"],
  ["semicolons, as spreadsheets in German write them", "sku;name;quantity;reorder_level;price\nA-1;Bücher;3;5;12,50\n"],
  ["tabs", "sku\tname\tquantity\treorder_level\tprice\nA-1\tBücher\t3\t5\t12.5\n"],
  ["a byte order mark", "\uFEFFsku,name,quantity,reorder_level,price\r\nA-1,Bücher,3,5,12.50\r\n"],
  ["columns in another order, quoted", '"Price",NAME,sku,reorder_level,quantity\n12.50,"Bücher",A-1,5,3'],
])("reads %s", async (_, content) => {
  expect(await read(content)).toEqual([{ sku: "A-1", name: "Bücher", quantity: 3, reorderLevel: 5, priceCents: 1250 }]);
});

test("columns that may be missing are, and quoted fields may hold commas and ends of lines", async () => {
  const items = await read('sku,name,quantity\nA,"a, b ""c""\nd",0\n\nB,b,1\n');
  expect(items.map(({ name, reorderLevel }) => [name, reorderLevel])).toEqual([
    ['a, b "c"\nd', 0],
    ["b", 0],
  ]);
});

test("all that is wrong is told at once, with its lines", async () => {
  const content = `sku,name,quantity,price
A,ok,1,1.00
B,ragged,2
C,too,many,3,4
,,x,1.234
D,ok,1000000000,
A,twice,1,
`;
  await expect(read(content)).rejects.toMatchObject({
    name: "Unrecoverable",
    message: [
      "line 3: should have 4 columns, has 3",
      "line 4: should have 4 columns, has 5",
      'line 5: sku: should be 1 to 64 letters, digits, ".", "_" and "-", got ""; name: should be 1 to 200 characters, got ""; ' +
        'quantity: should be a whole number from 0 to 999999999, got "x"; price: should be an amount such as 12.50, got "1.234"',
      'line 6: quantity: should be a whole number from 0 to 999999999, got "1000000000"',
      "line 7: sku: A is in line 2 already",
    ].join("\n"),
  });
});

const HEADER = "sku,name,quantity\n";
test.each([
  ["nothing", "", "the file is empty"],
  ["a byte order mark alone", "\uFEFF", "the file is empty"],
  ["a missing column", "sku,name\nA,a\n", "line 1: the column quantity is missing"],
  ["an unknown column", "sku,name,quantity,colour\n", 'line 1: "colour" is no column'],
  ["a column twice", "sku,name,quantity,sku\n", "line 1: sku is there twice"],
  ["Latin-1", Buffer.from(`${HEADER}A,a,1\nB,B\xfccher,1\n`, "latin1"), "line 3: should be text in UTF-8"],
  ["UTF-16", Buffer.from(`\uFEFF${HEADER}`, "utf16le"), "line 1: should be text in UTF-8"],
  ["a character cut in two", Buffer.from(`${HEADER}A,ü`).subarray(0, -1), "line 2: ends in the middle of a character"],
  ["a NUL", `${HEADER}A,a\0b,1\n`, "line 2: should be text in UTF-8"],
  ["a line of a megabyte", `${HEADER}A,${"x".repeat(1024 * 1024)},1\n`, "is longer than 16384 bytes"],
  ["an open quotation mark", `${HEADER}A,"a,1\n`, "a quotation mark is opened and never closed"],
  ["a name of a kilobyte", `${HEADER}A,${"x".repeat(1024)},1\n`, "line 2: name: should be 1 to 200 characters"],
])("refuses %s", async (_, content, message) => {
  const size = typeof content === "string" && content.length > 10_000 ? 65_536 : 7;
  await expect(read(content, size)).rejects.toMatchObject({
    name: "Unrecoverable",
    message: expect.stringContaining(message),
  });
});

test("of very many faults the first twenty are told", async () => {
  const error = await read(HEADER + "A,a,x\n".repeat(5000)).catch((error: Error) => error);
  expect((error as Error).message.split("\n")).toHaveLength(20);
});
