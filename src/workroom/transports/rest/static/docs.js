// Shows /api/schema as a page. Everything is made with DOM calls: no text ever becomes markup.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
const byId = (id) => document.getElementById(id);

/** An element with attributes and children; strings become text. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Paragraphs, with `code` in backticks; Python's double backticks count as well. */
function prose(text) {
  return (text || "").split(/\n\s*\n/).map((part) => {
    const paragraph = make("p");
    part.split(/``?([^`]+)``?/).forEach((piece, index) => {
      paragraph.append(index % 2 ? make("code", {}, piece) : piece.replace(/\s+/g, " "));
    });
    return paragraph;
  });
}

/** What the document says, with references followed. */
class Schema {
  constructor(document) {
    this.document = document;
  }

  follow(node) {
    while (node && node.$ref) {
      node = node.$ref.slice(2).split("/").reduce((here, step) => here[step], this.document);
    }
    return node || {};
  }

  /** A short name of a type, as `integer 1…100` or `list of Essay`. */
  kind(node) {
    if (!node) return "anything";
    if (node.$ref) {
      const found = this.follow(node);
      return found.title || node.$ref.split("/").pop();
    }
    if (node.enum) return node.enum.map((value) => JSON.stringify(value)).join(" | ");
    if (node.const !== undefined) return JSON.stringify(node.const);
    const choices = node.anyOf || node.oneOf;
    if (choices && !node.properties) return choices.map((choice) => this.kind(choice)).join(" | ");
    if (node.type === "array") return `list of ${this.kind(node.items)}`;
    return `${node.type || "anything"}${this.bounds(node)}`;
  }

  bounds(node) {
    const low = node.minimum ?? node.minLength;
    const high = node.maximum ?? node.maxLength;
    if (low === undefined && high === undefined) return "";
    const unit = node.type === "string" ? " characters" : "";
    return `, ${low ?? 0}…${high ?? ""}${unit}`;
  }

  /** The object that a schema is about, through references and `… | null`. */
  object(node) {
    const found = this.follow(node);
    if (found.properties) return found;
    const choice = (found.anyOf || []).find((one) => one.type !== "null");
    return choice ? this.object(choice) : found;
  }

  /** A value that would fit, to begin with; only what is required. */
  example(node, depth = 0) {
    const found = this.object(node);
    if (found.default !== undefined) return found.default;
    if (found.enum) return found.enum[0];
    if (found.properties && depth < 3) {
      const names = found.required || Object.keys(found.properties).slice(0, 1);
      return Object.fromEntries(names.map((n) => [n, this.example(found.properties[n], depth + 1)]));
    }
    return { string: "…", integer: found.minimum || 1, boolean: true, array: [], object: {} }[found.type] ?? null;
  }
}

function fieldTable(schema, node) {
  const found = schema.object(node);
  if (!found.properties) return make("p", {}, make("code", {}, schema.kind(node)));
  const required = new Set(found.required || []);
  const rows = Object.entries(found.properties).map(([name, field]) =>
    make("tr", {},
      make("td", { class: "field" }, name, required.has(name) ? make("span", { class: "must" }, " *") : null),
      make("td", {}, make("code", {}, schema.kind(field))),
      make("td", {}, field.description || "")));
  const head = make("tr", {}, ...["Field", "Type", ""].map((title) => make("th", { scope: "col" }, title)));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
}

function parameterTable(schema, parameters) {
  const rows = parameters.map((one) =>
    make("tr", {},
      make("td", { class: "field" }, one.name, one.required ? make("span", { class: "must" }, " *") : null),
      make("td", {}, one.in),
      make("td", {}, make("code", {}, schema.kind(one.schema))),
      make("td", {}, one.description || "")));
  const titles = ["Parameter", "In", "Type", ""];
  const head = make("tr", {}, ...titles.map((title) => make("th", { scope: "col" }, title)));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
}

function answers(schema, responses) {
  const parts = [];
  for (const [status, response] of Object.entries(responses)) {
    const found = schema.follow(response);
    const content = Object.entries(found.content || {})[0];
    if (content && content[0] === "application/problem+json") {
      const code = content[1].example.code;
      parts.push(make("p", {}, make("code", {}, status), " ", make("a", { href: `#error-${code}` }, code)));
      continue;
    }
    const text = Number(status) === 204 ? "Done; there is no body." : found.description;
    parts.push(make("p", {}, make("code", {}, status), ` ${text}`));
    if (content && content[1].schema) parts.push(fieldTable(schema, content[1].schema));
  }
  return parts;
}

/** Send the form's request, and show what comes back. */
async function send(form, method, template, out) {
  const query = new URLSearchParams();
  let path = template;
  for (const input of form.querySelectorAll("input[data-in]")) {
    if (input.dataset.in === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.value !== "") query.set(input.name, input.value);
  }
  const headers = {};
  const token = byId("token").value.trim();
  if (token) headers.Authorization = `Bearer ${token}`;
  const upload = form.querySelector("input[data-file]");
  let body = form.querySelector("textarea")?.value.trim() || undefined;
  if (upload) {
    body = new FormData();
    if (upload.files?.[0]) body.append(upload.name, upload.files[0]);
  } else if (body) headers["Content-Type"] = "application/json";
  const address = query.size ? `${path}?${query}` : path;
  out.textContent = "…";
  try {
    const options = { method: method.toUpperCase(), headers, body, credentials: "omit" };
    const response = await fetch(address, options);
    const kind = response.headers?.get("content-type") ?? "";
    const text = /^(image|audio)\//.test(kind) ? `(${kind})` : pretty(await response.text());
    out.textContent = `${response.status}\n${text}`;
  } catch (error) {
    out.textContent = `The request failed: ${error.message}`;
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function takesFile(operation) {
  return "multipart/form-data" in operation.requestBody.content;
}

/** What the body of a request is, however it is written down; undefined: it has none. */
function bodySchema(operation) {
  return operation.requestBody && Object.values(operation.requestBody.content)[0].schema;
}

function tryForm(schema, path, method, operation) {
  const out = make("pre", { "aria-live": "polite" });
  const form = make("form", { class: "try" }, make("h3", {}, "Try it"));
  for (const one of operation.parameters || []) {
    const input = make("input", { name: one.name, "data-in": one.in, required: one.required, autocomplete: "off" });
    form.append(make("label", {}, one.name, input));
  }
  const body = bodySchema(operation);
  if (body && takesFile(operation)) {
    for (const name of Object.keys(schema.object(body).properties)) {
      const input = make("input", { name, type: "file", "data-file": "", required: true });
      form.append(make("label", {}, name, input));
    }
  } else if (body) {
    const area = make("textarea", { "aria-label": "Body, as JSON", spellcheck: "false" });
    const example = schema.example(body);
    area.value = JSON.stringify(example, null, 2);
    form.append(area);
  }
  form.append(make("button", {}, "Send"), out);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form, method, path, out);
  });
  return form;
}

function operationArticle(schema, path, method, operation) {
  const summary = make("summary", {},
    make("span", { class: `method ${method}` }, method.toUpperCase()),
    make("span", { class: "path" }, path),
    make("span", { class: "soft" }, operation.summary || ""));
  const inner = make("div", {}, ...prose(operation.description));
  if (operation.security && operation.security.length === 1) {
    inner.append(make("p", { class: "soft" }, "Needs an access token."));
  }
  if (operation.parameters?.length) inner.append(make("h3", {}, "Parameters"), parameterTable(schema, operation.parameters));
  const node = bodySchema(operation);
  if (node) {
    inner.append(make("h3", {}, "Body"), ...prose(schema.object(node).description), fieldTable(schema, node));
  }
  inner.append(make("h3", {}, "Answers"), ...answers(schema, operation.responses));
  inner.append(tryForm(schema, path, method, operation));
  const id = operation.operationId;
  return make("article", { id }, make("details", {}, summary, inner));
}

function operationsByTag(document) {
  const groups = new Map(document.tags.map((tag) => [tag.name, { tag, operations: [] }]));
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      if (item[method]) groups.get(item[method].tags[0]).operations.push([path, method, item[method]]);
    }
  }
  return [...groups.values()].filter((group) => group.operations.length);
}

function show(document_) {
  const schema = new Schema(document_);
  byId("about").replaceWith(...prose(document_.info.description));
  for (const { tag, operations } of operationsByTag(document_)) {
    const list = make("ul");
    for (const [path, method, operation] of operations) {
      const link = make("a", { href: `#${operation.operationId}` },
        make("span", { class: `method ${method}` }, method.toUpperCase()), " ", operation.summary);
      list.append(make("li", {}, link));
    }
    byId("contents").append(make("h2", {}, tag.name), list);
    byId("operations").append(make("h2", {}, tag.name), ...prose(tag.description),
      ...operations.map(([path, method, operation]) => operationArticle(schema, path, method, operation)));
  }
  for (const [code, response] of Object.entries(document_.components.responses)) {
    const { status, detail } = response.content["application/problem+json"].example;
    byId("error-list").append(make("dt", { id: `error-${code}` }, make("code", {}, code), ` ${status}`), make("dd", {}, detail));
  }
}

/** Open what the address points at; it did not exist when the browser looked for it. */
function goToHash() {
  const target = location.hash.length > 1 ? byId(decodeURIComponent(location.hash.slice(1))) : null;
  if (!target) return;
  const details = target.querySelector("details");
  if (details) details.open = true;
  target.scrollIntoView();
}

byId("sign-in").addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", goToHash);
fetch("/api/schema", { credentials: "omit" })
  .then((response) => response.json())
  .then((document_) => {
    show(document_);
    // Set again, so that the browser marks the target as well.
    if (location.hash) location.replace(location.hash);
    goToHash();
  })
  .catch((error) => {
    byId("about").textContent = `The description could not be loaded: ${error.message}`;
  });
