import { expect, test } from "vitest";
import { straysIn } from "../../../../scripts/healing/strays";

const program = (stack: string) =>
  `/p/node_modules/.bin/node /p/node_modules/@pulumi/pulumi/cmd/run/index.js --monitor 127.0.0.1:1 --project vale --stack ${stack} --pwd /p .`;
const host = "/root/.pulumi/versions/3.259.0/bin/pulumi-language-nodejs 127.0.0.1:2";
const one = (pid: number, parent: number, command: string) => ({ pid, parent, group: parent, command });

test("a program without an engine is a stray, of this stack alone", () => {
  const list = [
    one(1, 0, "/sbin/init"),
    one(10, 1, host),
    one(11, 10, program("staging")),
    one(20, 1, host),
    one(21, 20, program("production")),
  ];
  expect(straysIn(list, "organization/vale/staging").map(({ pid }) => pid)).toEqual([11]);
});

test("a program whose engine runs is none, however that was started", () => {
  for (const engine of ["/root/.pulumi/versions/3.259.0/bin/pulumi up --stack staging", "pulumi up"])
    expect(
      straysIn([one(1, 0, "init"), one(9, 1, engine), one(10, 9, host), one(11, 10, program("staging"))], "staging"),
    ).toEqual([]);
});

test("what only speaks of such a program is none", () => {
  expect(straysIn([one(10, 1, "vim"), one(11, 10, program("staging"))], "staging")).toEqual([]);
});
