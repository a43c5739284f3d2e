// Essays: flat messages, `action` from clients and `type` from the server.
import { type Dialect, error, event, numberIn, parsed, stringIn } from "./dialect.js";

export const essays: Dialect = {
  path: (room) => `/ws/essays/${room}/`,
  join: (room, since, id) => ({
    action: "subscribe_essay",
    essay_id: room,
    since,
    request_id: id,
  }),
  leave: (room) => ({ action: "unsubscribe_essay", essay_id: room }),
  request: (room, action, body, id) => ({ action, essay_id: room, ...body, request_id: id }),
  refresh: (token) => ({ action: "refresh_token", token, request_id: "token" }),
  read(text) {
    const message = parsed(text);
    const type = message && stringIn(message, "type");
    if (!message || type === null) return null;
    switch (type) {
      case "permission_denied":
        return error(type, message);
      case "connection_error":
      case "error":
        return error(stringIn(message, "error"), message);
      default:
        return event(type, message, numberIn(message, "essay_id"));
    }
  },
};
