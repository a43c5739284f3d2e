// A WebSocket client that knows nothing of Workroom but the two format pages. It is driven by lines of
// JSON on its input ({"do": "open" | "send" | "close", "as": NAME, …}) and reports what it receives, one
// line of JSON each ({"as": NAME, "what": "open" | "message" | "close", …}).
import { createInterface } from "node:readline";
import WebSocket from "ws";

const sockets = new Map();

function report(line) {
  process.stdout.write(JSON.stringify(line) + "\n");
}

function open({ as, url, protocols }) {
  const socket = new WebSocket(url, protocols ?? []);
  sockets.set(as, socket);
  socket.on("open", () => report({ as, what: "open", protocol: socket.protocol }));
  socket.on("message", (data, binary) =>
    report({ as, what: "message", message: binary ? null : JSON.parse(data.toString("utf8")) }),
  );
  socket.on("close", (code) => report({ as, what: "close", code }));
  socket.on("error", (error) => report({ as, what: "error", message: String(error.message) }));
}

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  if (order.do === "open") open(order);
  else if (order.do === "send") sockets.get(order.as).send(JSON.stringify(order.message));
  else if (order.do === "close") sockets.get(order.as).close();
}
