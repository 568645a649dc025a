/** A worker that takes all the memory that it can get. */
const taken = [];

setInterval(() => taken.push(Buffer.alloc(32 * 1024 * 1024, 1)), 20);
