// Reads an AsyncAPI document from standard input with the parser of the AsyncAPI Initiative, and
// prints what it has to say about it, as JSON. Nothing is fetched.
import { Parser } from "@asyncapi/parser";
import { readFileSync } from "node:fs";

const { document, diagnostics } = await new Parser().parse(readFileSync(0, "utf-8"));
const operations = document?.operations().all() ?? [];
console.log(
  JSON.stringify({
    version: document?.version() ?? null,
    messages: document?.allMessages().all().length ?? 0,
    operations: operations.map((operation) => operation.id()),
    diagnostics: diagnostics.map(({ code, message, severity, path }) => ({
      code,
      message,
      severity,
      path: path.join("."),
    })),
  }),
);
