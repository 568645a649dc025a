import { expect, test } from "vitest";
import { execWord } from "../../../infra/bundles/unit";

test.each([
  ["node dist/server.js", '"node dist/server.js"'],
  ["node -e 'console.log(\"a\\n\")'", '"node -e \'console.log(\\"a\\\\n\\")\'"'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell's own
  ["PORT=${PORT:-1} node $HOME/x", '"PORT=$${PORT:-1} node $$HOME/x"'],
  ["date +%H && node x ; true", '"date +%%H && node x ; true"'],
  ["node grüße.js", '"node grüße.js"'],
  ["echo \\", '"echo \\\\"'],
])("%j as a word of ExecStart", (command, word) => {
  expect(execWord(command)).toBe(word);
});

test.each(["", "  ", "node a\nUser=root", "node\ta", "node \u0000", "node \ud800"])("%j is no command", (command) => {
  expect(() => execWord(command)).toThrow(/^a command of the application: should/);
});
