import "../../web/packages/client/dist/elements/textarea.js";

import { workroom } from "./start.js";

document.querySelector("workroom-textarea").room = workroom.essay(1);
