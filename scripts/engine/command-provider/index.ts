export { installCommandProvider } from "./install";
export * from "./ssh";
