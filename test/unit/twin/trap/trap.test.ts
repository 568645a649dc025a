import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PROBE } from "../../../../twin/trap/conversation";
import { Trap, type TrapPorts } from "../../../../twin/trap/trap";
import { waitFor } from "../../../support/wait-for";

const HOST = "127.0.0.1";

const closed = (socket: Socket) => new Promise<void>((done) => socket.once("close", () => done()));

describe("what an application says to the trap", () => {
  let trap: Trap;
  let ports: TrapPorts;
  beforeEach(async () => {
    trap = new Trap();
    ports = await trap.listen(HOST);
  });
  afterEach(() => trap.close());

  const said = () => trap.ledger.of(HOST).said;

  test("mail is taken, with who wrote to which domain, and no more of it", async () => {
    const { sent, received } = await dialogue([
      "EHLO app",
      "AUTH LOGIN",
      "dXNlcg==",
      "c2VjcmV0",
      "MAIL FROM:<orders@shop.test> SIZE=100",
      "RCPT TO:<ada@example.org>",
      "RCPT TO:<bob@Example.com>",
      "DATA",
      "From: orders@shop.test\r\nSubject: Your order\r\n is on its way\r\nTo: ada@example.org\r\n\r\nSubject: not this one\r\n..\r\n.",
      "QUIT",
    ]);
    expect(sent).toBe(10);
    expect(received.map((line) => line.slice(0, 3))).toEqual([
      "220",
      "250",
      "334",
      "334",
      "235",
      "250",
      "250",
      "250",
      "354",
      "250",
      "221",
    ]);
    const mail = { kind: "mail", from: "orders@shop.test", subject: "Your order is on its way", count: 1 };
    expect(said()).toEqual([
      { ...mail, to: "example.org" },
      { ...mail, to: "example.com" },
    ]);
    expect(JSON.stringify(said())).not.toMatch(/ada|bob|c2VjcmV0|not this one/);
  });

  test("a request is answered with the trap's status, and its query isn't kept", async () => {
    trap.answer = 418;
    const post = async () => {
      const asked = request({
        host: HOST,
        port: ports.tcp,
        method: "POST",
        path: "/v1/pay?key=s3cret",
        headers: { host: "API.example.org", authorization: "Bearer s3cret" },
      });
      asked.end("body=s3cret");
      const [answer] = await once(asked, "response");
      answer.resume();
      return answer.statusCode;
    };
    expect([await post(), await post()]).toEqual([418, 418]);
    expect(said()).toEqual([{ kind: "http", method: "POST", host: "api.example.org", path: "/v1/pay", count: 2 }]);
  });

  test("of TLS the server name is kept, and the connection ends", async () => {
    const socket = connectTls({ host: HOST, port: ports.tcp, servername: "api.example.org" });
    const [error] = await once(socket, "error");
    expect(error.code).toBe("ECONNRESET");
    expect(said()).toEqual([{ kind: "tls", host: "api.example.org", count: 1 }]);
  });

  test.each([
    ["a startup message of PostgreSQL", Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])],
    ["Redis", Buffer.from("*1\r\n$4\r\nPING\r\n")],
    ["a word in capitals that is no request", Buffer.from("PING\r\n")],
    ["a ClientHello whose lengths lead past its end", Buffer.from([22, 3, 1, 0, 5, 1, 0, 0, 200, 3])],
  ])("%s is another protocol, or names no server, and ends", async (_, bytes) => {
    const socket = connect(ports.tcp, HOST);
    socket.on("error", () => {});
    socket.write(bytes);
    await closed(socket);
    expect(said()).toHaveLength(1);
    expect(["other", "tls"]).toContain(said()[0]?.kind);
    expect(said()[0]).not.toHaveProperty("host", expect.stringMatching(/./));
  });

  test("a connection that says nothing is noted when it ends", async () => {
    const socket = connect(ports.tcp, HOST);
    await once(socket, "connect");
    socket.end();
    await waitFor("the note", async () => said().length === 1, 5);
    expect(said()).toEqual([{ kind: "other", count: 1 }]);
  });

  test("the twin's own probe is none of the application's", async () => {
    const socket = connect(ports.tcp, HOST);
    socket.on("error", () => {});
    socket.write(PROBE);
    await closed(socket);
    expect(trap.probesOf(HOST)).toBe(1);
    expect(said()).toEqual([]);
  });

  test("so much is kept, and the rest is counted", () => {
    for (let n = 0; n < 1002; n++) trap.ledger.note(HOST, { kind: "tls", host: `${n}.example.org` });
    trap.ledger.note(HOST, { kind: "tls", host: "0.example.org" });
    const { said, more } = trap.ledger.of(HOST);
    expect([said.length, more, said[0]?.count]).toEqual([1000, 2, 2]);
  });

  /** Waits for the server's greeting and for one answer to each line. */
  async function dialogue(lines: readonly string[]): Promise<{ sent: number; received: string[] }> {
    const socket = connect(ports.tcp, HOST);
    const received: string[] = [];
    let rest = "";
    let sent = 0;
    socket.on("data", (bytes: Buffer) => {
      rest += bytes;
      for (let at = rest.indexOf("\r\n"); at >= 0; at = rest.indexOf("\r\n")) {
        const line = rest.slice(0, at);
        rest = rest.slice(at + 2);
        // The last of several.
        if (line[3] !== " ") continue;
        received.push(line);
        const next = lines[sent];
        if (next !== undefined) socket.write(`${next}\r\n`);
        if (next !== undefined) sent++;
      }
    });
    await text(socket);
    return { sent, received };
  }
});
