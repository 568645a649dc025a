import { readFileSync } from "node:fs";
import { join } from "node:path";
import { documentTable } from "queuehost/jobs";
import { expect, test } from "vitest";
import { table } from "../../../../app/src/table";

const FILE = join(__dirname, "../../../../docs/job-types.md");
const HEADING = "## All of them\n";

test("docs/job-types.md says what the table says (--update writes it anew)", async () => {
  const [prose = ""] = readFileSync(FILE, "utf8").split(HEADING);
  const note = "Made from the table; a test fails when it is stale.";
  await expect(`${prose}${HEADING}\n${note}\n\n${documentTable(table).trim()}\n`).toMatchFileSnapshot(FILE);
});
