/** A backend that answers, and never as it should. */
const { createServer } = require("node:http");

createServer((_request, response) => response.writeHead(503).end()).listen(process.env.PORT, "127.0.0.1", () => {
  console.log("waiting for a licence server that isn't there");
});
