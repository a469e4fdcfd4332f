/* A form that could not be sent stays in this phone and goes out later, once. Every page works without this file. */
(function () {
  "use strict";
  var d = document, later = d.currentScript.dataset.later, writer = d.body.dataset.writer;
  if (!writer || !window.indexedDB) return;
  var MOST = 50, MOST_BYTES = 40e6, PATIENCE = 3e4, db, loading, shown;
  var queue = window.queue = { writer: writer, owner: writer.split(".")[0], send: send, own: own, change: change, remove: remove, tell: tell, pageOf: pageOf, formOf: formOf };

  // Entries of everybody who writes on this phone; only one's own are seen and sent.
  function store(mode, work) {
    return new Promise(function (done, fail) {
      var tx = db.transaction("queue", mode), asked = work(tx.objectStore("queue"));
      tx.oncomplete = function () { done(asked.result); };
      tx.onabort = function () { fail(tx.error); };
      setTimeout(fail, 1e4); // some browsers hang
    });
  }
  function none() { return []; }
  async function own(all) {
    return (await store("readonly", function (s) { return s.getAll(); }).catch(none)).filter(function (e) {
      return e.owner === queue.owner && (all || e.until < Date.now());
    });
  }
  async function save(entry) {
    var others = (await own(true)).filter(function (e) { return e.n !== entry.n; });
    var size = others.reduce(function (sum, e) { return sum + e.size; }, entry.size);
    if (others.length >= MOST || size > MOST_BYTES) throw size;
    entry.n = await store("readwrite", function (s) { return s.put(entry); });
  }
  function change(entry, changes) { // unless it has been taken off meanwhile
    return store("readwrite", function (s) {
      var asked = s.get(entry.n);
      asked.onsuccess = function () { if (asked.result) s.put(Object.assign(entry, changes)); };
      return asked;
    }).catch(none);
  }
  function remove(entry) { return store("readwrite", function (s) { return s.delete(entry.n); }).catch(none); }

  // An answer of the server, or an error where there was none.
  async function send(url, data, patience) {
    var stop = new AbortController(), late = setTimeout(function () { stop.abort(); }, patience);
    try {
      var answer = await fetch(url, { method: "POST", body: data, signal: stop.signal, headers: { Accept: "text/html", "Sanlian-Writer": writer } });
      if (answer.status === 408 || answer.status > 501 && answer.status < 505) throw answer; // came too slowly, or nobody was there
      var shut = answer.status === 401 || answer.redirected, text = await answer.text();
      return {
        to: answer.headers.get("Sanlian-Leads-To"), etag: answer.headers.get("ETag"), busy: answer.status > 499 || answer.status === 429,
        shut: shut, why: shut && pageOf(text).querySelector("[role=alert] .keep"), text: text
      };
    } finally { clearTimeout(late); }
  }

  function pageOf(text) { return new DOMParser().parseFromString(text, "text/html"); }
  function formOf(page, url) { return Array.from(page.querySelectorAll("form[data-queue]")).find(function (one) { return one.getAttribute("action") === url; }); }

  // A press is kept first, so that it is not lost when the page goes, and taken off when it was answered.
  async function entryOf(form, url, data) {
    var fields = [], size = 0, again = queue.again;
    for (var pair of data) {
      var value = pair[1];
      if (value.size === 0) continue;
      if (value.size) {
        size += value.size;
        value = { name: value.name, type: value.type, bytes: await value.arrayBuffer() };
      }
      fields.push([pair[0], value]);
    }
    return Object.assign({
      owner: queue.owner, writer: writer, as: d.querySelector(".who b").textContent, url: url, what: form.dataset.queue,
      about: form.dataset.about, at: new Date().toISOString(), until: Date.now() + PATIENCE, fields: fields, size: size,
      said: Array.from(form.querySelectorAll("textarea"), function (f) { return f.value.trim(); }).filter(Boolean)
    }, again && again.url === url && { n: again.n });
  }
  async function press(form) {
    var url = form.getAttribute("action"), data = new FormData(form), button = form.querySelector(".main-act"), entry, kept, answer;
    form.dataset.sent = button.disabled = true;
    try { entry = await entryOf(form, url, data); await save(entry); kept = true; } catch (_) { /* no room */ }
    var offline = navigator.onLine === false;
    try { answer = offline ? 0 : await send(url, data, PATIENCE); } catch (_) { /* nobody answered */ }
    button.disabled = false; // the page may be come back to
    if (answer && answer.to) {
      if (kept) await remove(entry);
      location.assign(answer.to);
      return;
    }
    delete form.dataset.sent;
    if (answer && !answer.shut && !(answer.busy && kept)) {
      var page = answer.text[0] !== "{" && pageOf(answer.text), lost = kept && page && !formOf(page, url);
      if (lost) await change(entry, { until: 0 }); // sent once more, it is refused with the reason and may be opened again
      else if (kept) await (queue.again && queue.again.n === entry.n ? queue.refuse(entry, answer) : remove(entry));
      if (page) show(page);
      else tell(JSON.parse(answer.text).detail);
      if (lost && queue.replay) queue.replay();
    } else if (kept) {
      await change(entry, { until: 0 });
      empty(form);
      await tell(answer && answer.why ? answer.why.textContent : "", answer && answer.shut);
      if (!(answer && answer.shut) && queue.replay) queue.replay(offline);
    } else tell("没有送出，手机里也存不下了。你填的还在这一页上，先别关，连上网再按一次。");
  }
  function show(page) {
    d.title = page.title;
    d.body.replaceWith(d.adoptNode(page.body));
    if (window.htmx) htmx.process(d.body);
    scrollTo(0, 0);
    d.dispatchEvent(new Event("htmx:after:swap"));
    shown = true;
  }
  // What is kept stands there no more, and the next press of this form is another one.
  function empty(form) {
    var around = form.closest("dialog, details"), draft = "draft:" + location.pathname + ":" + form.dataset.draft + ":";
    Object.keys(sessionStorage).forEach(function (name) { if (name.startsWith(draft)) sessionStorage.removeItem(name); });
    form.reset();
    form.querySelectorAll("#guess :checked").forEach(function (one) { one.checked = one.selected = false; });
    form.elements.key.value = Array.from(crypto.getRandomValues(new Uint8Array(16)), function (n) { return n.toString(36); }).join("");
    if (around) around.tagName === "DIALOG" ? around.close() : around.open = false;
    if (shown) form.remove(); // the server had filled it in
    queue.again = null;
  }
  d.addEventListener("submit", function (e) {
    var form = e.target;
    if (!db || !form.dataset.queue || (e.submitter && e.submitter.name)) return;
    e.preventDefault();
    e.stopImmediatePropagation();
    if (!form.dataset.sent) press(form);
  }, true);

  // The line at the top of the page.
  async function tell(said, shut, quietly) {
    var list = await own(), box = d.getElementById("queue"), key = "queue." + queue.owner;
    try { localStorage[list.length ? "setItem" : "removeItem"](key, list.length); } catch (_) { /* signing out will not warn */ }
    if (box) box.remove();
    if (list.length) load();
    if (!list.length && !said) return;
    box = d.createElement("section");
    box.id = "queue";
    box.setAttribute("aria-label", "存在手机里的");
    box.innerHTML = '<div class="grow"><p role="status" tabindex="-1"></p></div>';
    d.getElementById("main").prepend(box);
    var refused = list.filter(function (e) { return e.refused; }).length, waiting = list.length - refused, line = box.querySelector("p");
    box.className = "note mb";
    line.textContent = said + (shut && !said ? "请先登录。" : "") + (waiting ? waiting + " 条存在手机里，" + (shut ? "登录" : "连上") + "后自动送出。" : "")
      + (refused ? refused + " 条没有收下，还在手机里。" : "");
    if (queue.draw) queue.draw(box, list, shut && !said);
    if (!quietly) line.focus();
  }

  // What sends later and draws the list comes when the page is first touched: there is a network then.
  function load() {
    if (loading) return;
    loading = d.createElement("script");
    loading.src = later;
    loading.onerror = function () { loading = null; };
    d.head.append(loading);
  }
  ["pointerdown", "focusin"].forEach(function (name) { d.addEventListener(name, load); });
  try {
    var asked = indexedDB.open("sanlian", 1);
    asked.onupgradeneeded = function () { asked.result.createObjectStore("queue", { keyPath: "n", autoIncrement: true }); };
    asked.onerror = function (e) { e.preventDefault(); };
    asked.onsuccess = function () {
      db = asked.result;
      tell("", 0, true);
      d.addEventListener("htmx:after:swap", function () { tell("", 0, true); });
    };
  } catch (_) { /* nothing to keep it in: forms are sent as without script */ }
})();
