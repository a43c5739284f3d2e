import "../../web/packages/client/dist/elements/avatars.js";

import { workroom } from "./start.js";

document.querySelector("workroom-avatars").room = workroom.project(123);
