import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { renderEnv } from "../../infra/bundles/env-file";
import { corpus, isRefused, keyed, parseNul } from "../support/env-corpus";
import { LACKS_MACHINES } from "../support/requires";
import { useTwin } from "./support/twin";

describe.skipIf(LACKS_MACHINES)("the .env as systemd reads it", () => {
  useTwin((twin) => {
    let ip = "";
    beforeAll(async () => {
      ({ ip } = await twin.server("env-readers"));
    });

    /** What a service gets from an EnvironmentFile with this text. */
    async function read(text: string): Promise<Record<string, string>> {
      const packed = gzipSync(text).toString("base64");
      const service = "systemd-run --quiet --wait --pipe -p EnvironmentFile=/root/env env -0";
      const answer = await twin.ssh(
        ip,
        `set -o pipefail; echo ${packed} | base64 -d | gunzip >/root/env && ${service} | base64 -w 0`,
      );
      return parseNul(Buffer.from(answer, "base64").toString());
    }

    test("every value that is let through comes back", async () => {
      const expected = keyed(corpus().filter((value) => !isRefused(value)));
      expect(await read(renderEnv({}, expected))).toEqual(expected);
    });

    test("one value that is no valid UTF-8 would cost the whole file, and is refused for that", async () => {
      await expect(read("V0='fine'\nV1='\uffff'\n")).rejects.toThrow();
      expect(() => renderEnv({}, { V1: "\uffff" })).toThrow("env.V1: has a character that is no valid UTF-8 text");
    });
  });
});
