// Where the engine begins. tsx only strips the types; the engine's own loader would check them first, on every run, which
// doubles the time of an `up` that has nothing to do. `npm run check` checks them.
require("tsx/cjs");
module.exports = require("./index.ts");
