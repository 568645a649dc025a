const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;

/** Whether bytes begin as those of a TLS client do. */
export const isTls = (bytes: Buffer): boolean => bytes[0] === HANDSHAKE && (bytes[1] === 3 || bytes.length < 2);

/**
 * The server name in a TLS client's first record.
 *
 * @returns the name, empty where the client names none or says something else; undefined while more bytes are to come
 */
export function serverName(bytes: Buffer): string | undefined {
  if (bytes.length < 5 || bytes.length < 5 + bytes.readUInt16BE(3)) return undefined;
  try {
    return read(bytes.subarray(5, 5 + bytes.readUInt16BE(3)));
  } catch (error) {
    if (error instanceof RangeError) return "";
    throw error;
  }
}

/** Throws RangeError where a length leads past the end. */
function read(hello: Buffer): string {
  if (hello.readUInt8(0) !== CLIENT_HELLO) return "";
  // Type and length, version, random.
  let at = 4 + 2 + 32;
  at += 1 + hello.readUInt8(at);
  at += 2 + hello.readUInt16BE(at);
  at += 1 + hello.readUInt8(at);
  const end = at + 2 + hello.readUInt16BE(at);
  for (at += 2; at < end; at += 4 + hello.readUInt16BE(at + 2)) {
    if (hello.readUInt16BE(at) !== SERVER_NAME) continue;
    // The list's length, the name's type and length.
    const length = hello.readUInt16BE(at + 7);
    return hello.toString("latin1", at + 9, at + 9 + length).toLowerCase();
  }
  return "";
}
