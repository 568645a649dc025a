export type { AppSource, Architecture, Release } from "./app";
export { largestFiles } from "./artefact";
export { type BuildOptions, buildRelease } from "./build";
export { ReleaseError } from "./error";
export { exampleKeys } from "./example";
export { type PackedPm2, packPm2 } from "./pm2";
export { type NodeRuntime, nodeRuntime } from "./runtime";
