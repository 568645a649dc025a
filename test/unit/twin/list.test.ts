import { describe, expect, test } from "vitest";
import { page, type Query } from "../../../twin/request/list";

const items = Array.from({ length: 60 }, (_, n) => ({ id: n + 1, name: `n${60 - n}`, labels: { odd: String(n % 2) } }));
const ask = (query: Query) =>
  page("things", items, query, ({ id }) => id) as { things: number[]; meta: { pagination: object } };

describe("a list", () => {
  test("gives 25 unless asked, and never more than 50", () => {
    expect(ask({}).things).toHaveLength(25);
    expect(ask({ per_page: "1000" }).things).toHaveLength(50);
  });

  test("tells where it stands", () => {
    expect(ask({ page: "2", per_page: "25" }).meta.pagination).toEqual({
      page: 2,
      per_page: 25,
      previous_page: 1,
      next_page: 3,
      last_page: 3,
      total_entries: 60,
    });
    expect(ask({ page: "9" })).toMatchObject({
      things: [],
      meta: { pagination: { next_page: null, previous_page: 3 } },
    });
  });

  test("sorts by what is asked, and by number otherwise", () => {
    expect(ask({ per_page: "2" }).things).toEqual([1, 2]);
    expect(ask({ per_page: "2", sort: "id:desc" }).things).toEqual([60, 59]);
    expect(ask({ per_page: "2", sort: "name" }).things).toEqual([60, 51]);
  });

  test("filters by name and labels together", () => {
    expect(ask({ name: "n60", label_selector: "odd=0" }).things).toEqual([1]);
    expect(ask({ name: "n60", label_selector: "odd=1" }).things).toEqual([]);
  });

  test.each([{ page: "0" }, { page: "x" }, { per_page: "-1" }, { sort: "colour" }, { sort: "id:up" }])(
    "%j is invalid_input",
    (query) => {
      expect(() => ask(query)).toThrow(expect.objectContaining({ code: "invalid_input", status: 422 }));
    },
  );

  test("a parameter that nobody knows is refused, not ignored", () => {
    expect(() => ask({ colour: "red" })).toThrow("the twin does not imitate the query parameter 'colour' of things");
  });
});
