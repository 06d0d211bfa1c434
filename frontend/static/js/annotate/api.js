/** Calls of the station to the server. */

/** In milliseconds. */
const TIMEOUT = 15_000;
/** In bytes: what browsers let a closing page still send, less some room. */
const KEEPALIVE_LIMIT = 60_000;

const { prefix } = document.documentElement.dataset;
/** With TLS the cookie has a prefix; one without it is older, or a neighbor's. */
const TOKENS = [
  /(?:^|; )__(?:Host|Secure)-csrftoken=([^;]+)/,
  /(?:^|; )csrftoken=([^;]+)/,
];
const token = () => {
  const matches = TOKENS.map((name) => document.cookie.match(name)?.[1]);
  return matches.find(Boolean) ?? "";
};

/**
 * @typedef {{method?: string, version?: number}} Options
 * @typedef {(path: string, body?: unknown, options?: Options) => Promise<any>} Call
 */

/**
 * Calls of one person to one project. A call throws an Error with the HTTP status and
 * the problem's code, or without them where there was no answer at all.
 * @param {string} slug @param {number} user @returns {Call}
 */
export const caller =
  (slug, user) =>
  async (path, body, options = {}) => {
    /** @type {Record<string, string>} */
    const headers = {
      "Content-Type": "application/json",
      "X-CSRFToken": token(),
      "X-Account": String(user),
    };
    if (options.version !== undefined) headers["If-Match"] = `"${options.version}"`;
    const sent = body === undefined ? null : JSON.stringify(body);
    const answer = await fetch(`${prefix}/api/projects/${slug}/${path}`, {
      method: options.method ?? "POST",
      headers,
      body: sent,
      keepalive: document.hidden && (sent?.length ?? 0) < KEEPALIVE_LIMIT,
      signal: AbortSignal.timeout(TIMEOUT),
    });
    const isJson = (answer.headers.get("Content-Type") ?? "").includes("json");
    const reply = isJson ? await answer.json() : {};
    if (answer.ok) return reply;
    const words = reply.detail || reply.title || answer.statusText;
    throw Object.assign(new Error(words), { status: answer.status, code: reply.code });
  };

/** Log in again; false where the password was wrong. @param {string} username @param {string} password */
export const logIn = async (username, password) => {
  const answer = await fetch(`${prefix}/login/`, {
    method: "POST",
    headers: { "X-CSRFToken": token() },
    body: new URLSearchParams({ username, password }),
  });
  // A wrong password answers 200 too, with the page of the log-in again.
  return answer.ok && answer.redirected;
};

/** A random id, also where the page is not served over HTTPS. */
export const uuid = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
};
