// Where Workroom is, and who asks. In your page, your own log-in gives the token.
import { connect } from "../../web/packages/client/dist/workroom-client.js";

const given = new URLSearchParams(location.hash.slice(1));

export const workroom = connect({
  url: given.get("url") ?? "http://localhost:8000",
  token: given.get("token") ?? "",
});
