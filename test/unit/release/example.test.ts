import { afterEach, beforeEach, expect, test } from "vitest";
import { exampleKeys } from "../../../infra/release";
import { Project } from "./support/project";

let project: Project;

beforeEach(() => {
  project = new Project();
});
afterEach(() => project.remove());

test("without an example nothing is asked for", () => {
  expect(exampleKeys(project.root)).toEqual([]);
});

test.each([".env.example", ".env.sample", ".env.template"])("%s names keys, with or without values", (name) => {
  project.write(
    name,
    '# NOT_THIS=1\nSMTP_HOST=\nexport JWT_SECRET="change me"\n\nTEXT="two\nLINES=x"\nSHOP_NAME=Corner # shop\n',
  );
  expect(exampleKeys(project.root)).toEqual(["SMTP_HOST", "JWT_SECRET", "TEXT", "SHOP_NAME"]);
});

test("the first of several counts", () => {
  project.write(".env.sample", "B=").write(".env.example", "A=");
  expect(exampleKeys(project.root)).toEqual(["A"]);
});
