/** What an upload may be, told by its first bytes and not by its name. */
export const CONTENT_TYPES = {
  csv: "text/csv; charset=utf-8",
  png: "image/png",
  jpg: "image/jpeg",
} as const;

export type ContentKind = keyof typeof CONTENT_TYPES;

/** Bytes that are enough to tell. */
export const HEAD_BYTES = 4096;

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** @returns undefined where it is none of those */
export function kindOf(head: Buffer): ContentKind | undefined {
  if (head.subarray(0, PNG.length).equals(PNG)) return "png";
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return "jpg";
  return isText(head) ? "csv" : undefined;
}

/** Text has no control characters but tabs and ends of lines; whether it is UTF-8 and a table, its reader says, with the line. */
function isText(head: Buffer): boolean {
  return (
    head.length > 0 &&
    head.every((byte) => (byte >= 0x20 && byte !== 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d)
  );
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Width and height as a PNG's or JPEG's header says, without decoding anything: a small file can claim a huge image.
 *
 * @returns undefined where it is neither, or where its header is broken
 */
export function imageSize(file: Buffer): Size | undefined {
  const kind = kindOf(file.subarray(0, HEAD_BYTES));
  if (kind === "png" && file.length >= 24 && file.toString("latin1", 12, 16) === "IHDR")
    return { width: file.readUInt32BE(16), height: file.readUInt32BE(20) };
  return kind === "jpg" ? jpegSize(file) : undefined;
}

/** Goes from segment to segment to the first frame header (SOF0 to SOF15, but for the three that aren't one). */
function jpegSize(file: Buffer): Size | undefined {
  for (let at = 2; at + 9 <= file.length && file[at] === 0xff; ) {
    const marker = file.readUInt8(at + 1);
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      return { width: file.readUInt16BE(at + 7), height: file.readUInt16BE(at + 5) };
    at += 2 + file.readUInt16BE(at + 2);
  }
  return undefined;
}
