/** A backend that is well for as long as a careless look at it takes. */
const { createServer } = require("node:http");

createServer((_request, response) => response.end("ok")).listen(process.env.PORT, "127.0.0.1");
setTimeout(() => {
  throw new Error("no more licences");
}, 700);
