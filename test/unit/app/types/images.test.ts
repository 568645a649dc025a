import { deflateSync } from "node:zlib";
import { Jimp } from "jimp";
import { expect, test } from "vitest";
import { imageSize, kindOf } from "../../../../app/src/services/content";
import { describeImage, shrink } from "../../../../app/src/services/images";

const MAX = 1_000_000;
const wish = { width: 40, height: 40, format: "jpg", quality: 80 } as const;
const image = (width: number, height: number) => new Jimp({ width, height, color: 0x3366ccff });

test("an image is made to fit and keeps its proportions; a small one isn't blown up", async () => {
  const png = await image(200, 100).getBuffer("image/png");
  const made = await shrink(png, wish, MAX);
  expect(made).toMatchObject({ from: { width: 200, height: 100 }, to: { width: 40, height: 20 } });
  expect(imageSize(made.image)).toEqual({ width: 40, height: 20 });
  expect(kindOf(made.image)).toBe("jpg");
  const again = await shrink(made.image, { ...wish, width: 400, height: 400, format: "png" }, MAX);
  expect(again.to).toEqual({ width: 40, height: 20 });
  expect(kindOf(again.image)).toBe("png");
});

test("what is on it: its size and its mean colour", async () => {
  const png = await image(30, 60).getBuffer("image/png");
  expect(await describeImage(png, MAX)).toBe("a portrait image of 30 x 60 pixels, mean colour #3366cc");
});

/** A PNG of a few bytes that claims to be of a size, as image bombs do. */
function bomb(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([length, Buffer.from(type), data, Buffer.alloc(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const data = deflateSync(Buffer.alloc(1024));
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]);
}

test("an image bomb is refused by its header, before anything is decoded", async () => {
  const before = process.memoryUsage().rss;
  for (const [width, height, why] of [
    [60_000, 60_000, "MAX_IMAGE_PIXELS"],
    [2_147_483_647, 1, "MAX_IMAGE_PIXELS"],
    [0, 100, "neither a PNG nor a JPEG"],
  ] as const)
    await expect(shrink(bomb(width, height), wish, MAX)).rejects.toMatchObject({
      name: "Unrecoverable",
      message: expect.stringContaining(why),
    });
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
});

test("broken images fail for good and say so", async () => {
  const png = await image(50, 50).getBuffer("image/png");
  const jpg = await image(50, 50).getBuffer("image/jpeg");
  for (const broken of [
    png.subarray(0, 40),
    jpg.subarray(0, 30),
    bomb(20, 20),
    Buffer.from("sku,name\n"),
    Buffer.from("<svg/>"),
    Buffer.alloc(0),
    Buffer.from([0xff, 0xd8, 0xff, 0xff, 0xff, 0xff, 0xff]),
    Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0x00, 0x00, 0xff, 0xe0, 0x00, 0x00, 0x00, 0x00]),
  ])
    await expect(shrink(broken, wish, MAX), broken.toString("hex").slice(0, 40)).rejects.toMatchObject({
      name: "Unrecoverable",
    });
});

test("what a file is, its content says", async () => {
  expect(kindOf(await image(2, 2).getBuffer("image/png"))).toBe("png");
  expect(kindOf(await image(2, 2).getBuffer("image/jpeg"))).toBe("jpg");
  expect(kindOf(Buffer.from("sku;name\nä;ü\n"))).toBe("csv");
  for (const other of [Buffer.alloc(0), Buffer.from([0x7f, 0x45, 0x4c, 0x46]), Buffer.from("%PDF-1.7\n\x00")])
    expect(kindOf(other)).toBeUndefined();
});
