export { buildRelease, type Release } from "./build";
export { ReleaseError } from "./error";
export { type Architecture, architectureOf, type NodeRuntime, nodeRuntime } from "./runtime";
