export { buildRelease, type Release } from "./build";
export { ReleaseError } from "./error";
export { architectureOf, nodeRuntime } from "./runtime";
