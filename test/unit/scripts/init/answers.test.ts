import { expect, test } from "vitest";
import { answersTo, askMember, assertNoSecrets, type Prompter, withAnswers } from "../../../../scripts/init/answers";
import type { Findings } from "../../../../scripts/init/finding";

const FINDINGS: Findings = {
  found: [
    { key: "app.backend", value: "node server.js", why: "script start" },
    { key: "env.JWT_SECRET", value: "not-to-be-shown", why: "generated", secret: true },
  ],
  open: [],
  unset: [],
};
/** What clack answers after Ctrl-C. */
const CANCELLED = Symbol("clack:cancel");

/** Somebody who answers so, and what they were asked. */
function person(answers: { text?: unknown; confirm?: unknown; select?: unknown }) {
  const asked: string[] = [];
  const say = (answer: unknown) => async (question: { message: string }) => {
    asked.push(question.message);
    return answer;
  };
  const prompter = { text: say(answers.text), confirm: say(answers.confirm), select: say(answers.select) };
  return { asked, prompter: prompter as unknown as Prompter };
}

test("shows what was found, but no secret, and adds the answer", async () => {
  const { asked, prompter } = person({ text: "203.0.113.7/32", confirm: true });
  const lines: string[] = [];
  const answers = await answersTo(FINDINGS, new Map(), "staging", (line) => lines.push(line), prompter);
  expect(answers).toEqual([...FINDINGS.found, { key: "ssh.allowedFrom", value: "203.0.113.7/32", why: "answered" }]);
  expect(asked).toEqual([expect.stringContaining("ssh.allowedFrom"), expect.stringContaining("stack staging")]);
  expect(lines.join()).toContain("node server.js");
  expect(lines.join()).not.toContain("not-to-be-shown");
});

test("asks for no address where the stack has some, and takes none for an answer", async () => {
  const known = person({ confirm: true });
  const present = new Map([["queuehost:ssh.allowedFrom", { value: "203.0.113.7/32", secret: false }]]);
  expect(await answersTo(FINDINGS, present, "staging", () => {}, known.prompter)).toEqual(FINDINGS.found);
  expect(known.asked).toHaveLength(1);
  const later = person({ text: "", confirm: true });
  expect(await answersTo(FINDINGS, new Map(), "staging", () => {}, later.prompter)).toEqual(FINDINGS.found);
});

test.each([
  ["no", { text: "", confirm: false }],
  ["Ctrl-C at the last question", { text: "", confirm: CANCELLED }],
  ["Ctrl-C at the first", { text: CANCELLED, confirm: true }],
])("%s writes nothing", async (_, answers) => {
  const asking = answersTo(FINDINGS, new Map(), "staging", () => {}, person(answers).prompter);
  await expect(asking).rejects.toThrow("Nothing was written.");
});

test("asks which member is meant", async () => {
  expect(await askMember(["packages/api", "packages/jobs"], person({ select: "packages/jobs" }).prompter)).toBe(
    "packages/jobs",
  );
  await expect(askMember(["a", "b"], person({ select: CANCELLED }).prompter)).rejects.toThrow("Interrupted");
});

test("what --set says stands in place of what was found", () => {
  const { found } = withAnswers(FINDINGS, "a-password-of-its-own", { "app.backend": "node other.js" });
  expect(found.filter(({ key }) => key === "app.backend")).toEqual([
    { key: "app.backend", value: "node other.js", why: "--set", asked: true },
  ]);
});

test("--set of what is no key, or has no such value, is refused", () => {
  expect(() => withAnswers(FINDINGS, "a-password-of-its-own", { "app.bakend": "x" })).toThrow(
    "--set app.bakend: is no key of queuehost",
  );
  expect(() => withAnswers(FINDINGS, "a-password-of-its-own", { "app.port": "http" })).toThrow(/^app.port: should be/);
});

test.each(["redis.password", "env.API_KEY", "env.LOG_LEVEL"])("--set takes no %s", (key) => {
  const refused = () => assertNoSecrets({ "app.port": "4000", [key]: "not-to-be-shown" }, "staging");
  expect(refused).toThrow(`got ${key}. Nothing was written.`);
  expect(refused).toThrow(`npx pulumi config set --stack staging --secret queuehost:${key}`);
  expect(refused).not.toThrow("not-to-be-shown");
  expect(() => assertNoSecrets({ "app.port": "4000" }, "staging")).not.toThrow();
});
