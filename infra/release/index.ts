export type { AppSource, Architecture, Commands, NodeMajor, Release } from "./app";
export { buildRelease } from "./build";
export { ReleaseError } from "./error";
export { exampleKeys } from "./example";
export { architectureOf, type NodeRuntime, nodeRuntime } from "./runtime";
