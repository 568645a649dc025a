import { fstatSync } from "node:fs";
import { ServerCredentials } from "@grpc/grpc-js";
import { engineLog } from "./engine";
import { Operations } from "./operations";
import { createServer } from "./server";

/**
 * The provider's process, as the engine starts it: its last argument is the engine's address (none when somebody attaches
 * later), the first line on its standard output is the port it listens on.
 */
function main(): void {
  const operations = new Operations();
  const address = process.argv.slice(2).at(-1);
  if (address !== undefined && /:\d+$/.test(address)) operations.log = engineLog(address);

  createServer(operations).bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error) {
      process.stderr.write(`provider command: can't listen on 127.0.0.1: ${error.message}\n`);
      process.exit(1);
    }
    process.stdout.write(`${port}\n`);
  });

  const end = () => stop(operations);
  process.on("SIGINT", end).on("SIGTERM", end).on("SIGHUP", end);
  // The engine holds the other end of this pipe, and closes it even by dying.
  if (isPipe(0)) process.stdin.on("end", end).on("error", end).resume();
}

/** Milliseconds between ending what runs and ending: longer than a program has to end by itself. */
const FAREWELL = 3_000;
let stopping = false;

function stop(operations: Operations): void {
  if (stopping) return;
  stopping = true;
  operations.cancel();
  const settled = operations.idle().then(() => process.exit(0));
  setTimeout(() => process.exit(0), FAREWELL);
  settled.catch(() => process.exit(1));
}

function isPipe(fd: number): boolean {
  try {
    const stat = fstatSync(fd);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    return false;
  }
}

main();
