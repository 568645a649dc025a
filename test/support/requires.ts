/**
 * Why real machines, or the engine on top of them, can't be had here; undefined where they can. `npm test` sets these after
 * having tried. Use: `describe.skipIf(LACKS_MACHINES)("...")`, so that what couldn't run is counted by name.
 */
export const LACKS_MACHINES = process.env.QUEUEHOST_LACKS_MACHINES;
export const LACKS_ENGINE = process.env.QUEUEHOST_LACKS_ENGINE ?? LACKS_MACHINES;

/**
 * Whether tests that take many minutes and try in breadth what others try once are left out: `npm run test:long` runs all. They are
 * counted as skipped, by name.
 */
export const NOT_LONG = process.env.QUEUEHOST_LONG !== "1";
