/** What takes long begins first, while other modules still come: the outbox, the first items. */
import { caller } from "./api.js";
import { openOutbox } from "./outbox.js";

export const setup = JSON.parse(document.getElementById("setup")?.textContent ?? "");
export const storeName = `assay-${setup.user}-${setup.slug}`;
export const call = caller(setup.slug, setup.user);
export const outboxOpening = openOutbox(storeName);
/** The first items of the station; the grid asks for pages. @type {Promise<any> | null} */
export const firstLease =
  setup.ahead && !document.hidden ? call("queue/lease/", { count: setup.ahead }) : null;
// Who waits for it hears of a failure; before that nobody has to.
firstLease?.catch(() => undefined);

/** What was pressed on the item of the page before page.js could listen. @type {Event[]} */
const earlyEvents = [];
const KINDS = ["keydown", "click"];
const BUTTONS = "main [data-label], main [data-do]";
/** Where keys are the station's own; a button that was clicked keeps the focus. */
const OURS = `body, #item, ${BUTTONS}`;
/** @param {Event} event */
const keep = (event) => {
  const target = /** @type {Element} */ (event.target);
  const isMeant =
    event.type === "keydown" ? target.matches(OURS) : target.closest(BUTTONS) !== null;
  if (isMeant) earlyEvents.push(event);
};
if (setup.ahead) for (const kind of KINDS) document.addEventListener(kind, keep);

/**
 * Listen no more, and do what was asked for, where it still means the same item and until
 * something takes the keys for itself.
 * @param {boolean} isSame
 */
export const catchUp = (isSame) => {
  for (const kind of KINDS) document.removeEventListener(kind, keep);
  for (const event of earlyEvents.splice(0))
    if (isSame && document.activeElement?.matches(OURS))
      event.target?.dispatchEvent(event);
};
