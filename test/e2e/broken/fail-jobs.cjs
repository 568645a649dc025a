/** The worker, whose jobs all fail while the rest of it is well: what they write can't be put into its place. */
const files = require("node:fs/promises");

files.link = async () => {
  throw new Error("the printer is out of paper");
};
require("./real.cjs");
