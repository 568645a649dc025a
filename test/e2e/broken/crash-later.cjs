/** The backend, whose instances crash one after the other once the release is in service, again and again. */
const FIRST_MS = 6000;
const APART_MS = 2500;

setTimeout(
  () => {
    throw new Error("the licence has run out");
  },
  FIRST_MS + (Number(process.env.PORT) % 2) * APART_MS,
);
require("./real.cjs");
