import { Option } from "commander";
import { NotToBeHad } from "./errors";

/** For CI: nothing may be skipped because this machine hasn't got it. */
export const requireAll = (): Option =>
  new Option("--require-all", "fail where this machine lacks what a test or check needs, rather than skip it").env(
    "QUEUEHOST_REQUIRE_ALL",
  );

/**
 * Why something can't be had on this machine; undefined where it is there now. Any other failure is thrown: what is broken
 * must not pass for what is absent.
 */
export async function lackOf(get: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await get();
    return undefined;
  } catch (error) {
    if (!(error instanceof NotToBeHad)) throw error;
    return error.message;
  }
}
