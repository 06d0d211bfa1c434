/** Calls of the station to the server. */

const token = () => document.cookie.match(/csrftoken=([^;]+)/)?.[1] ?? "";

/**
 * Call the project's API; throws an Error with the HTTP status, or without one where
 * there was no answer at all.
 * @param {string} slug @param {string} path @param {unknown} [body]
 * @param {{method?: string, version?: number}} [options] @returns {Promise<any>}
 */
export const call = async (slug, path, body, options = {}) => {
  /** @type {Record<string, string>} */
  const headers = { "Content-Type": "application/json", "X-CSRFToken": token() };
  if (options.version !== undefined) headers["If-Match"] = `"${options.version}"`;
  const answer = await fetch(`/api/projects/${slug}/${path}`, {
    method: options.method ?? "POST",
    headers,
    body: body === undefined ? null : JSON.stringify(body),
    keepalive: true,
  });
  const said = (answer.headers.get("Content-Type") ?? "").includes("json")
    ? await answer.json()
    : {};
  if (!answer.ok) {
    throw Object.assign(new Error(said.detail || said.title || answer.statusText), {
      status: answer.status,
    });
  }
  return said;
};

/** Log in again; false where the password was wrong. @param {string} username @param {string} password */
export const logIn = async (username, password) => {
  const answer = await fetch("/login/", {
    method: "POST",
    headers: { "X-CSRFToken": token() },
    body: new URLSearchParams({ username, password }),
  });
  return answer.ok && !new URL(answer.url).pathname.startsWith("/login");
};

/** A random id, also where the page is not served over HTTPS. */
export const uuid = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
};
