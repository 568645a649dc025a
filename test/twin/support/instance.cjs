// One instance of a backend: node instance.cjs NAME PORT. It says who it is in each answer.
const { createHash } = require("node:crypto");
const { createServer } = require("node:http");

const [name, port] = process.argv.slice(2);
const ROUTES = {
  "/health": (_, response) => response.end("well"),
  "/headers": ({ headers }, response) => response.end(JSON.stringify(headers)),
  "/page": (_, response) => response.setHeader("content-type", "text/html").end("word ".repeat(1000)),
  "/events": (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    // Big enough to be worth compressing.
    setTimeout(() => response.write(`data: ${"x".repeat(1000)}\n\n`), 300);
  },
  "/body": (request, response) => request.resume().on("end", () => response.end("read")),
};

const server = createServer((request, response) => {
  response.setHeader("x-instance", name);
  const answer = ROUTES[request.url.split("?")[0]];
  if (answer) answer(request, response);
  else response.writeHead(404).end("unknown");
});
server.on("upgrade", ({ headers }, socket) => {
  const accept = createHash("sha1").update(`${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept.digest("base64")}\r\n\r\n`,
  );
  const frame = (type, ...bytes) => socket.write(Buffer.from([0x80 | type, bytes.length, ...bytes]));
  const timer = setInterval(() => frame(1, ...Buffer.from(name)), 100);
  socket.on("error", () => {}).on("close", () => clearInterval(timer));
  // 1012: service restart.
  process.on("SIGTERM", () => {
    frame(8, 1012 >> 8, 1012 & 255);
    socket.end();
  });
});
process.on("SIGTERM", () => server.close());
server.listen(Number(port), "127.0.0.1");
