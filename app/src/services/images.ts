import { Unrecoverable } from "queuehost/jobs";
import { imageSize, type Size } from "./content";

export interface ImageWish {
  readonly width: number;
  readonly height: number;
  readonly format: "png" | "jpg";
  /** 1 to 100, of a JPEG. */
  readonly quality: number;
}

/**
 * Makes an image fit into a width and a height, keeping its proportions; a smaller one stays as large as it is.
 *
 * @throws Unrecoverable where it is none, or has more pixels than may be decoded
 */
export async function shrink(
  file: Buffer,
  wish: ImageWish,
  maxPixels: number,
): Promise<{ image: Buffer; from: Size; to: Size }> {
  const from = checkedSize(file, maxPixels);
  const { Jimp } = await import("jimp");
  // Its header may be well and the rest not: broken pixels won't mend themselves either.
  const image = await Jimp.read(file).catch((error: Error) => {
    throw new Unrecoverable(`the image can't be decoded: ${error.message.split("\n")[0]}`);
  });
  if (image.width > wish.width || image.height > wish.height) image.scaleToFit({ w: wish.width, h: wish.height });
  const made =
    wish.format === "png"
      ? await image.getBuffer("image/png")
      : await image.getBuffer("image/jpeg", { quality: wish.quality });
  return { image: made, from, to: { width: image.width, height: image.height } };
}

/** Size and mean colour of an image. @throws as `shrink` does */
export async function describeImage(file: Buffer, maxPixels: number): Promise<string> {
  const { width, height } = checkedSize(file, maxPixels);
  const { image } = await shrink(file, { width: 1, height: 1, format: "png", quality: 100 }, maxPixels);
  const { Jimp, intToRGBA } = await import("jimp");
  const { r, g, b } = intToRGBA((await Jimp.read(image)).getPixelColor(0, 0));
  const colour = [r, g, b].map((value) => value.toString(16).padStart(2, "0")).join("");
  const shape = width === height ? "square" : width > height ? "landscape" : "portrait";
  return `a ${shape} image of ${width} x ${height} pixels, mean colour #${colour}`;
}

function checkedSize(file: Buffer, maxPixels: number): Size {
  const size = imageSize(file);
  if (!size || size.width < 1 || size.height < 1) throw new Unrecoverable("the file is neither a PNG nor a JPEG image");
  if (size.width * size.height > maxPixels)
    throw new Unrecoverable(
      `the image has ${size.width} x ${size.height} pixels, more than the ${maxPixels} of MAX_IMAGE_PIXELS`,
    );
  return size;
}
