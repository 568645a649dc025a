import { request } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import { waitFor } from "../../support/wait-for";
import { openBackend, reservation, sandbox, type TestBackend } from "./support/backend";
import { captureLog } from "./support/capture-log";

const { config, remove } = sandbox({ QUEUE_ENABLED: "false" });
let backend: TestBackend;
let url: string;

beforeAll(async () => {
  captureLog();
  backend = await openBackend(config);
  url = await backend.app.listen({ host: "127.0.0.1", port: 0 });
});
afterAll(async () => {
  await backend.close();
  remove();
});

/** Listens until `close`; what came, event by event. */
function listen(query = "") {
  const events: Array<{ event: string; data: Record<string, unknown> }> = [];
  const listener = { events, type: "", ended: false, close: () => {} };
  const asked = request(`${url}/api/tasks/events/${query}`, (answer) => {
    listener.type = String(answer.headers["content-type"]);
    let rest = "";
    answer.setEncoding("utf8").on("data", (text: string) => {
      const parts = (rest + text).split("\n\n");
      rest = parts.pop() ?? "";
      for (const part of parts) {
        const [, event = "", data = "{}"] = /^event: (.*)\ndata: (.*)$/.exec(part) ?? [];
        events.push({ event, data: JSON.parse(data) });
      }
    });
    answer.on("end", () => {
      listener.ended = true;
    });
    answer.on("error", () => {});
  });
  asked.end();
  listener.close = () => asked.destroy();
  return listener;
}
const submit = (id: string) =>
  backend.ask({ method: "POST", url: "/api/tasks/", payload: { type: "confirm", payload: { reservation }, id } });
const of = (listener: ReturnType<typeof listen>) =>
  listener.events.filter(({ event }) => event === "task").map(({ data }) => `${data.id} ${data.status}`);

it("tells each change of a task, with all that its status says", async () => {
  const listener = listen();
  await waitFor("a first sign of life", () => listener.events.some(({ event }) => event === "heartbeat"));
  expect(listener.type).toBe("text/event-stream; charset=utf-8");
  await submit("told-of-1");
  await waitFor("the end of the task", () => of(listener).includes("told-of-1 completed"));
  const last = listener.events.findLast(({ event }) => event === "task");
  expect(last?.data).toEqual((await backend.get("/api/tasks/told-of-1/status/")).body);
  listener.close();
});

it("tells of one task, type or queue alone where that is asked for", async () => {
  const [all, one, other] = [listen(), listen("?id=told-of-3"), listen("?queue=low")];
  await waitFor("all to listen", () => [all, one, other].every(({ events }) => events.length > 0));
  await submit("told-of-2");
  await submit("told-of-3");
  await waitFor("both ends", () => of(all).includes("told-of-3 completed") && of(one).includes("told-of-3 completed"));
  expect(of(one).filter((line) => !line.startsWith("told-of-3"))).toEqual([]);
  expect(of(other)).toEqual([]);
  for (const listener of [all, one, other]) listener.close();
});

it("ends when the server stops, which nobody has to wait for", async () => {
  const box = sandbox({ QUEUE_ENABLED: "false" });
  const stopping = await openBackend(box.config);
  const before = url;
  url = await stopping.app.listen({ host: "127.0.0.1", port: 0 });
  const listener = listen();
  url = before;
  await waitFor("it to listen", () => listener.events.length > 0);
  await stopping.close();
  await waitFor("the end", () => listener.ended);
  box.remove();
});
