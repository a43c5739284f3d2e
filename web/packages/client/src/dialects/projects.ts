// Projects: every message has a `type` and a `payload`.
import { type Dialect, error, event, isObject, numberIn, parsed, stringIn } from "./dialect.js";

export const projects: Dialect = {
  path: () => "/ws/projects/",
  join: (room, since, id) => ({
    type: "join_project",
    payload: { project_id: room, since },
    request_id: id,
  }),
  leave: (room) => ({ type: "leave_project", payload: { project_id: room } }),
  request: (room, type, body, id) => ({
    type,
    payload: { project_id: room, ...body },
    request_id: id,
  }),
  refresh: (token) => ({ type: "refresh_token", payload: { token }, request_id: "token" }),
  read(text) {
    const message = parsed(text);
    const type = message && stringIn(message, "type");
    const body = message?.["payload"];
    if (type == null || !isObject(body)) return null;
    return type === "error"
      ? error(stringIn(body, "code"), body)
      : event(type, body, numberIn(body, "project_id"));
  },
};
