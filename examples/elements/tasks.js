import "../../web/packages/client/dist/elements/tasks.js";

import { workroom } from "./start.js";

document.querySelector("workroom-tasks").room = workroom.project(123);
