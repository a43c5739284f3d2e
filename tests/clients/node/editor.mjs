// Yjs editors on an unchanged y-websocket provider, several in one process. Driven by lines of JSON
// on its input and reporting in lines of JSON, as client.mjs is.
import { createInterface } from "node:readline";
import WebSocket from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

const editors = new Map();
console.warn = (text) => report({ what: "warning", text: String(text) });

function report(line) {
  process.stdout.write(JSON.stringify(line) + "\n");
}

function open({ as, server, essay, token, client }) {
  const doc = new Y.Doc();
  if (client !== undefined) doc.clientID = client;
  const text = doc.getText("content");
  const provider = new WebsocketProvider(server, essay, doc, {
    params: { token },
    WebSocketPolyfill: WebSocket,
    disableBc: true,
  });
  editors.set(as, { doc, text, provider });
  provider.on("sync", (synced) => report({ as, what: "sync", synced, text: text.toString() }));
  provider.on("status", ({ status }) => report({ as, what: "status", status }));
  provider.on("closed", ({ code, reason }) => report({ as, what: "closed", code, reason }));
  provider.on("connection-close", (event) => report({ as, what: "lost", code: event?.code ?? null }));
  doc.on("update", (_update, origin) =>
    report({ as, what: "text", text: text.toString(), own: origin !== provider }),
  );
  provider.awareness.on("change", () => report({ as, what: "awareness", states: states(as) }));
}

// What this editor is shown of everybody, its own state included; carets as offsets, as
// y-codemirror.next resolves them.
function states(as) {
  const { doc, provider } = editors.get(as);
  const offset = (relative) =>
    Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(relative), doc)?.index ?? null;
  return [...provider.awareness.getStates()].map(([client, state]) => ({
    client,
    own: client === doc.clientID,
    state,
    caret: state.cursor ? [offset(state.cursor.anchor), offset(state.cursor.head)] : null,
  }));
}

// Words with a blank behind them, so that no edit of somebody else's comes between looking for a
// place and writing there: delete one; type one in its place, else before another, else at the end.
function words({ as, cut, word, before }) {
  const { doc, text } = editors.get(as);
  const find = (each) => (each === null ? -1 : ` ${text}`.indexOf(` ${each} `));
  const place = find(cut);
  doc.transact(() => {
    if (place >= 0) text.delete(place, cut.length + 1);
    const at = [place, find(before), text.length].find((each) => each >= 0);
    if (word !== null) text.insert(at, `${word} `);
  });
  report({ as, what: "words", cut: place < 0 ? null : cut, word });
}

const orders = {
  open,
  words,
  insert: ({ as, at, text }) => editors.get(as).text.insert(at, text),
  delete: ({ as, at, count }) => editors.get(as).text.delete(at, count),
  format: ({ as, at, count, marks }) => editors.get(as).text.format(at, count, marks),
  map: ({ as, key, value }) => editors.get(as).doc.getMap("notes").set(key, value),
  show: ({ as, field, value }) => editors.get(as).provider.awareness.setLocalStateField(field, value),
  point: ({ as, anchor, head }) => {
    const { text, provider } = editors.get(as);
    provider.awareness.setLocalStateField("cursor", {
      anchor: Y.createRelativePositionFromTypeIndex(text, anchor),
      head: Y.createRelativePositionFromTypeIndex(text, head),
    });
  },
  renew: ({ as, token }) => {
    const { provider } = editors.get(as);
    provider.params.token = token;
    provider.connect();
  },
  disconnect: ({ as }) => editors.get(as).provider.disconnect(),
  connect: ({ as }) => editors.get(as).provider.connect(),
  destroy: ({ as }) => editors.get(as).provider.destroy(),
};

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  orders[order.do](order);
}
