export type { AppSource, Architecture, Commands, NodeMajor, Release } from "./app";
export { type BuildOptions, buildRelease } from "./build";
export { ReleaseError } from "./error";
export { exampleKeys } from "./example";
export { architectureOf, type NodeRuntime, nodeRuntime } from "./runtime";
