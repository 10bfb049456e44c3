// The service worker: keeps agenda, sessions and badge for when there is no network, sends stars
// later that were set meanwhile, and rings. PLENARY (its version, what to keep first) stands above.
//
// Pages are kept for one person only: `who` is told by every page, and another one empties the
// cache. Signing out empties it too. Nothing but these pages is ever kept.

/* global PLENARY */
const FILES = `plenary-files-${PLENARY.version}`;
const PAGES = "plenary-pages";
const KEPT = /^\/c\/[^/]+\/(agenda|badge|badges\/check|speakers|sessions\/[0-9a-f-]{36})$/;
const STAR = /^\/c\/[^/]+\/sessions\/[0-9a-f-]{36}\/star$/;
const PATIENCE_MS = 5000;

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const files = await caches.open(FILES);
      await files.addAll([...PLENARY.first, "/offline"]);
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) {
        if (name.startsWith("plenary-") && name !== FILES && name !== PAGES) await caches.delete(name);
      }
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === "POST") {
    if (url.pathname === "/sign-out") event.respondWith(signOut(request));
    else if (STAR.test(url.pathname)) event.respondWith(star(request, url));
    return;
  }
  if (request.method !== "GET") return;
  if (url.pathname.startsWith("/static/")) event.respondWith(file(request));
  else if (/^\/c\/[^/]+\/(agenda\.css|brand\.css|logo\.png)$/.test(url.pathname)) event.respondWith(places(request));
  else if (request.mode === "navigate") event.respondWith(navigate(event, url));
});

/** @param {Request} request */
async function file(request) {
  const kept = await caches.match(request, { cacheName: FILES });
  if (kept) return kept;
  const answer = await fetch(request);
  // Only what carries the present hash is kept, with its version's cache.
  if (answer.ok && new URL(request.url).pathname.startsWith(`/static/${PLENARY.version}/`)) {
    const copy = answer.clone();
    void caches.open(FILES).then((files) => files.put(request, copy));
  }
  return answer;
}

/** Where slots stand in the grid, and the look: named by a hash, so a kept one is right.
 * @param {Request} request */
async function places(request) {
  const pages = await caches.open(PAGES);
  const kept = await pages.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await pages.put(request, answer.clone());
  return answer;
}

/** @param {FetchEvent} event @param {URL} url */
async function navigate(event, url) {
  const keep = KEPT.test(url.pathname);
  try {
    const answer = await (keep ? inTime(event.request, url) : fetch(event.request));
    if (keep) event.waitUntil(remember(url, answer.clone()));
    event.waitUntil(sendQueue());
    return answer;
  } catch {
    return (keep && (await kept(url))) || (await caches.match("/offline", { cacheName: FILES })) || Response.error();
  }
}

/** The network, unless it takes too long and the page is kept.
 * @param {Request} request @param {URL} url */
async function inTime(request, url) {
  const asked = fetch(request);
  if (!(await kept(url, true))) return asked;
  const late = new Promise((_resolve, reject) => setTimeout(() => reject(new Error("late")), PATIENCE_MS));
  asked.catch(() => {});
  return Promise.race([asked, late]);
}

/** Keep a page with the time at which it was so.
 * @param {URL} url @param {Response} answer */
async function remember(url, answer) {
  const type = answer.headers.get("content-type") ?? "";
  if (answer.status !== 200 || answer.redirected || !type.startsWith("text/html")) return;
  const body = await answer.text();
  // The page says whose it is; what belongs to somebody else is never mixed in.
  await own(/<meta name="who" content="([^"]*)"/.exec(body)?.[1] ?? "");
  const pages = await caches.open(PAGES);
  await pages.put(plain(url), new Response(body, { headers: { "content-type": type, "x-kept": new Date().toISOString() } }));
}

/** An address without what does not change the page.
 * @param {URL} url */
function plain(url) {
  const found = new URL(url.pathname + url.search, location.origin);
  found.searchParams.sort();
  return found.href;
}

/** A kept page that says how old it is; for an agenda also another view of the same.
 * @param {URL} url @param {boolean} [exactly] */
async function kept(url, exactly = false) {
  const pages = await caches.open(PAGES);
  let found = await pages.match(plain(url));
  if (!found && !exactly && url.pathname.endsWith("/agenda")) {
    found = (await pages.match(new URL(`${url.pathname}?day=all&view=list`, location.origin).href)) ?? (await pages.match(url.href, { ignoreSearch: true }));
  }
  if (!found) return undefined;
  const body = await found.text();
  const mark = `<meta name="kept" content="${found.headers.get("x-kept")}">`;
  return new Response(body.replace("</head>", `${mark}</head>`), { headers: { "content-type": "text/html; charset=utf-8" } });
}

/** Make the kept pages and the queue this person's, emptied if they were somebody else's.
 * @param {string} who */
async function own(who) {
  const notes = await open();
  const before = await get(notes, "notes", "who");
  if (before !== undefined && before !== who) await forget();
  await put(notes, "notes", who, "who");
}

async function forget() {
  await caches.delete(PAGES);
  const notes = await open();
  await clear(notes, "stars");
  await clear(notes, "notes");
}

/** @param {Request} request */
async function signOut(request) {
  await forget();
  return fetch(request);
}

/** A star goes to the server, or into the queue while there is no network.
 * @param {Request} request @param {URL} url */
async function star(request, url) {
  const copy = request.clone();
  try {
    return await fetch(request);
  } catch {
    const want = url.searchParams.get("want") ?? new URLSearchParams(await copy.text()).get("want");
    if (want === null) return Response.error();
    const notes = await open();
    const who = (await get(notes, "notes", "who")) ?? "";
    await put(notes, "stars", { path: url.pathname, want, who });
    try {
      await self.registration.sync?.register("stars");
    } catch {
      // Without background sync the next page sends them.
    }
    await tell();
    return new Response(null, { status: 204, headers: { "X-Kept": "1", "HX-Trigger": "plenary-kept" } });
  }
}

/** Send the queue in order. One at a time, whoever asks; what was answered is never sent again. */
function sendQueue() {
  return navigator.locks.request("plenary-stars", async () => {
    const notes = await open();
    const who = (await get(notes, "notes", "who")) ?? "";
    for (const [key, entry] of await entries(notes, "stars")) {
      if (entry.who === who) {
        try {
          const answer = await fetch(`${entry.path}?want=${entry.want}`, { method: "POST", headers: { "HX-Request": "true" } });
          if (answer.status >= 500 || answer.status === 429) break;
        } catch {
          break;
        }
      }
      await remove(notes, "stars", key);
    }
    await tell();
  });
}

self.addEventListener("sync", (event) => {
  if (event.tag === "stars") event.waitUntil(sendQueue());
});

/** Tell every open page which stars still wait. */
async function tell() {
  const notes = await open();
  const waiting = (await entries(notes, "stars")).map(([, entry]) => entry);
  for (const client of await self.clients.matchAll()) client.postMessage({ waiting });
}

self.addEventListener("message", (event) => {
  const said = event.data;
  if (said.who !== undefined) event.waitUntil(own(said.who).then(() => keepAll(said.keep ?? [])));
  if (said.send) event.waitUntil(sendQueue());
  if (said.ask) event.waitUntil(tell());
  if (said.list) event.waitUntil(list(event.source));
});

/** Keep pages ahead, one after the other; those of the last ten minutes are fresh enough.
 * @param {string[]} paths */
async function keepAll(paths) {
  const pages = await caches.open(PAGES);
  for (const path of paths.slice(0, 60)) {
    const url = new URL(path, location.origin);
    if (url.origin !== location.origin || !KEPT.test(url.pathname)) continue;
    const found = await pages.match(plain(url));
    if (found && Date.now() - Date.parse(found.headers.get("x-kept") ?? "") < 600000) continue;
    try {
      const answer = await fetch(url, { headers: { accept: "text/html" } });
      const copy = answer.clone();
      await remember(url, answer);
      const sheet = /href="(\/c\/[^"]+\/agenda\.css[^"]*)"/.exec(await copy.text())?.[1];
      if (sheet) await places(new Request(sheet.replaceAll("&amp;", "&")));
    } catch {
      return;
    }
  }
}

/** @param {Client | ServiceWorker | MessagePort | null} client */
async function list(client) {
  const pages = await caches.open(PAGES);
  const found = (await pages.keys()).map((request) => new URL(request.url)).filter((url) => KEPT.test(url.pathname));
  client?.postMessage({ kept: found.map((url) => url.pathname + url.search) });
}

self.addEventListener("push", (event) => {
  const said = event.data?.json() ?? {};
  event.waitUntil(
    self.registration.showNotification(said.title ?? "", {
      body: said.body,
      tag: said.tag,
      data: { url: said.url },
      icon: `/static/${PLENARY.version}/mark.svg`,
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data?.url ?? "/", location.origin);
  event.waitUntil(
    (async () => {
      if (url.origin !== location.origin) return;
      for (const client of await self.clients.matchAll({ type: "window" })) {
        if (new URL(client.url).pathname === url.pathname) {
          await client.focus();
          return;
        }
      }
      await self.clients.openWindow(url.href);
    })(),
  );
});

// A little of IndexedDB: "notes" by name, "stars" in the order in which they were set.

/** @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open("plenary", 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("notes");
      asked.result.createObjectStore("stars", { autoIncrement: true });
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

/** @param {IDBRequest} asked @returns {Promise<any>} */
function done(asked) {
  return new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

/** @param {IDBDatabase} db @param {string} name @param {IDBValidKey} key */
const get = (db, name, key) => done(db.transaction(name).objectStore(name).get(key));
/** @param {IDBDatabase} db @param {string} name @param {any} value @param {IDBValidKey} [key] */
const put = (db, name, value, key) => done(db.transaction(name, "readwrite").objectStore(name).put(value, key));
/** @param {IDBDatabase} db @param {string} name @param {IDBValidKey} key */
const remove = (db, name, key) => done(db.transaction(name, "readwrite").objectStore(name).delete(key));
/** @param {IDBDatabase} db @param {string} name */
const clear = (db, name) => done(db.transaction(name, "readwrite").objectStore(name).clear());

/** @param {IDBDatabase} db @param {string} name @returns {Promise<[IDBValidKey, any][]>} */
async function entries(db, name) {
  const store = db.transaction(name).objectStore(name);
  const [keys, values] = await Promise.all([done(store.getAllKeys()), done(store.getAll())]);
  return keys.map((/** @type {IDBValidKey} */ key, /** @type {number} */ at) => [key, values[at]]);
}
