/** Calls of the station to the server. */

const token = () => document.cookie.match(/csrftoken=([^;]+)/)?.[1] ?? "";

/**
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
  const said = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(said.detail ?? answer.statusText), { status: answer.status });
  return said;
};

const KEY = (/** @type {string} */ slug) => `assay-outbox-${slug}`;

/** Keep unsent votes where a closed tab cannot lose them. @param {string} slug @param {unknown[]} outbox */
export const keep = (slug, outbox) => localStorage.setItem(KEY(slug), JSON.stringify(outbox));

/** @param {string} slug @returns {any[]} */
export const kept = (slug) => JSON.parse(localStorage.getItem(KEY(slug)) ?? "[]");
