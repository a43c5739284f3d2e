// Runs the docs page's script on a very small DOM, and prints what a reader would find.
// Input: {"script": …, "schema": …, "hash": …} as JSON; output: {"text", "ids", "links", "open", "sent", "errors"}.
import vm from "node:vm";

class Node {
  constructor(tag) {
    this.tag = tag;
    this.attributes = {};
    this.children = [];
    this.listeners = {};
    this.value = "";
  }
  get name() {
    return this.attributes.name;
  }
  get dataset() {
    return { in: this.attributes["data-in"] };
  }
  setAttribute(key, value) {
    this.attributes[key] = String(value);
  }
  append(...children) {
    for (const child of children) this.children.push(child);
  }
  replaceWith(...others) {
    this.children = others;
  }
  addEventListener(kind, call) {
    this.listeners[kind] = call;
  }
  scrollIntoView() {
    found.shown = this.attributes.id;
  }
  set textContent(text) {
    this.children = [text];
  }
  get textContent() {
    return this.children.map((child) => (typeof child === "string" ? child : child.textContent)).join("");
  }
  *all() {
    yield this;
    for (const child of this.children) if (child instanceof Node) yield* child.all();
  }
  querySelectorAll(selector) {
    const [, tag, attribute] = selector.match(/^(\w+)(?:\[([\w-]+)\])?$/);
    return [...this.all()].filter((one) => one.tag === tag && (!attribute || attribute in one.attributes));
  }
  querySelector(selector) {
    return this.querySelectorAll(selector)[0] ?? null;
  }
}

const { script, schema, hash } = JSON.parse(await new Response(process.stdin).text());
const found = { errors: [], sent: [], shown: null };
const body = new Node("body");
for (const id of ["about", "sign-in", "token", "contents", "operations", "errors", "error-list"]) {
  const node = new Node("div");
  node.setAttribute("id", id);
  body.append(node);
}
const byId = (id) => [...body.all()].find((node) => node.attributes.id === id) ?? null;

async function fetch(path, options = {}) {
  if (path === "/api/schema") return { json: async () => schema };
  found.sent.push({ path, method: options.method, headers: options.headers, body: options.body ?? null });
  return { status: 200, text: async () => '{"ok":true}' };
}

vm.runInNewContext(script, {
  document: { createElement: (tag) => new Node(tag), getElementById: byId },
  location: { hash, replace: () => {} },
  addEventListener: () => {},
  fetch,
  URLSearchParams,
  FormData,
  encodeURIComponent,
  decodeURIComponent,
});
await new Promise((done) => setImmediate(done));

byId("token").value = "secret";
for (const form of body.querySelectorAll("form")) {
  for (const input of form.querySelectorAll("input[data-in]")) input.value = input.attributes["data-in"] === "path" ? "a b" : "";
  form.listeners.submit({ preventDefault() {} });
}
await new Promise((done) => setImmediate(done));

found.text = body.textContent;
found.ids = [...body.all()].map((node) => node.attributes.id).filter(Boolean);
found.links = body.querySelectorAll("a").map((node) => node.attributes.href);
console.log(JSON.stringify(found));
