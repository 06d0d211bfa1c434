/** Tells the server in which zone the reader is: pages have their times in it. */

const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
const pair = `zone=${timeZone}`;
const path = `${document.documentElement.dataset["prefix"]}/`;
const secure = location.protocol === "https:" ? "; secure" : "";
const YEAR = 31_536_000;

if (timeZone && !document.cookie.split("; ").includes(pair))
  // biome-ignore lint/suspicious/noDocumentCookie: the other way is not in every browser
  document.cookie = `${pair}; path=${path}; max-age=${YEAR}; samesite=lax${secure}`;
