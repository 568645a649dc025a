import type { Reporter, TestCase, TestModule } from "vitest/node";

/** Characters of either end of a reason that are shown at once; vitest shows all of it at the end. */
const SHOWN = 700;

/**
 * Says why a test failed when it does, since a whole run takes the better part of an hour; and ends it with what was skipped and
 * what passed only when it was tried again, by name, and one plain line that a script can read.
 */
export default class ClosingLine implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const { state, errors = [] } = test.result();
    const flaky = isFlaky(test);
    if (state !== "failed" && !flaky) return;
    const why = errors.map(
      ({ message, diff = "", stack = "" }) =>
        `${ends(message)}\n${ends(diff)}\n${stack.split("\n").find(isOfTest) ?? ""}`,
    );
    console.log(
      `${flaky ? "failed at first" : "failed"}: ${test.project.name} > ${test.fullName}\n${why.join("\n")}\n`,
    );
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    const flaky: string[] = [];
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      // A file that fails before its tests are known has none to count.
      if (module.state() === "failed" && !tests.some((test) => test.result().state === "failed")) count.failed += 1;
      for (const test of tests) {
        const result = test.result();
        count[result.state] += 1;
        if (result.state === "skipped")
          console.log(`skipped: ${module.project.name} > ${test.fullName}${result.note ? ` (${result.note})` : ""}`);
        if (isFlaky(test)) flaky.push(`${module.project.name} > ${test.fullName}`);
      }
    }
    for (const name of flaky) console.log(`flaky: ${name}`);
    if (flaky.length > 0) console.log(`${flaky.length} of the passed failed at first, and passed when tried again`);
    for (const lack of (process.env.QUEUEHOST_LACKS_REQUIRED ?? "").split("\n").filter(Boolean)) {
      console.log(`FAILED: required, and not on this machine: ${lack}`);
      count.failed += 1;
    }
    console.log(`${count.passed} passed, ${count.failed + count.pending} failed, ${count.skipped} skipped`);
  }
}

const ends = (text: string) => (text.length > 2 * SHOWN ? `${text.slice(0, SHOWN)}\n...\n${text.slice(-SHOWN)}` : text);
const isFlaky = (test: TestCase) => test.diagnostic()?.flaky ?? false;
const isOfTest = (line: string) => line.includes("/test/");
