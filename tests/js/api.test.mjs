import assert from "node:assert/strict";
import { test } from "node:test";

const page = { documentElement: { dataset: { prefix: "" } }, cookie: "" };
globalThis.document = page;
const { logIn } = await import("../../frontend/static/js/annotate/api.js");

/** The token that a call sends while the browser holds these cookies. */
const sentWith = async (cookies) => {
  let sent;
  page.cookie = cookies;
  globalThis.fetch = async (_, { headers }) => {
    sent = headers["X-CSRFToken"];
    return { ok: true, redirected: true };
  };
  await logIn("ann", "secret");
  return sent;
};

test("the token is of the cookie that only this host can set, where there is one", async () => {
  const cases = {
    "csrftoken=old; __Host-csrftoken=own": "own",
    "csrftoken=old; __Secure-csrftoken=own": "own",
    "a=b; csrftoken=plain": "plain",
    "xcsrftoken=other": "",
  };
  for (const [cookies, own] of Object.entries(cases)) {
    assert.equal(await sentWith(cookies), own, cookies);
  }
});
