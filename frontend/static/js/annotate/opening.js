/** What takes long begins first, while other modules still come: the outbox, the first items. */
import { caller } from "./api.js";
import { openOutbox } from "./outbox.js";

export const setup = JSON.parse(document.getElementById("setup")?.textContent ?? "");
export const name = `assay-${setup.user}-${setup.slug}`;
export const call = caller(setup.slug, setup.user);
export const opening = openOutbox(name);
/** The first items of the station; the grid asks for pages. @type {Promise<any> | null} */
export const coming =
  setup.ahead && !document.hidden ? call("queue/lease/", { count: setup.ahead }) : null;
// Who waits for it hears of a failure; before that nobody has to.
coming?.catch(() => undefined);
