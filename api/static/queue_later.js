/* What waits in this phone goes out again, and is listed: what, when, of which demand. Comes after queue.js. */
(function () {
  "use strict";
  var d = document, queue = window.queue, OPEN = "queue:open", LONG_PATIENCE = 3e5, PAUSE = 6e4, running, timer, opened, sent = [], listed = [];
  // The server knows for 30 days which forms it has taken; what is older is looked at first.
  var OLDEST = 28 * 864e5, TOO_OLD = { text: '{"detail":"存得太久了，打开看一眼再办。"}' };

  // They go out in order, under the keys they were written with.
  async function replay(byHand) {
    clearTimeout(timer);
    if (running) return;
    running = true;
    function work(lock) { return lock && goOut(byHand === true); }
    try {
      if (navigator.locks) await navigator.locks.request("queue", { ifAvailable: true }, work);
      else await work(true);
    } finally { running = false; }
    if ((await queue.own(true)).some(isWaiting)) inAWhile();
  }
  function inAWhile() { timer = setTimeout(replay, PAUSE); }
  function isWaiting(entry) { return !entry.refused && entry.writer === queue.writer; }
  async function goOut(byHand) {
    var shut, said = "", before = sent.length, waiting = (await queue.own()).filter(isWaiting);
    for (var entry of waiting) {
      var answer = TOO_OLD;
      if (Date.now() - Date.parse(entry.at) < OLDEST) {
        try { answer = await queue.send(entry.url, dataOf(entry), LONG_PATIENCE); } catch (_) {
          said = byHand ? "还是连不上。" : "";
          break;
        }
      }
      shut = answer.shut;
      if (shut) {
        said = answer.why ? answer.why.textContent : "";
        break;
      }
      if (answer.to) {
        await queue.remove(entry);
        await goneOn(entry, answer.etag, waiting);
        sent.push([entry, answer.to]);
      } else if (!answer.busy) {
        await queue.refuse(entry, answer);
        opened = true;
      }
    }
    if (sent.length > before) said = "送出了 " + sent.length + " 条。" + said;
    if (waiting.length) await queue.tell(said, shut, !byHand);
  }
  // What one wrote next about the same matter was written on what this form has made of it.
  async function goneOn(entry, etag, waiting) {
    var matter = matterOf(entry), before = etag && ifMatch(entry)[1];
    for (var other of etag ? waiting : []) {
      var seen = ifMatch(other);
      if (other === entry || matterOf(other) !== matter || seen[1] !== before) continue;
      seen[1] = etag;
      await queue.change(other);
    }
    Array.from(etag ? d.querySelectorAll("form[data-queue]") : []).forEach(function (form) {
      var seen = form.elements["if-match"];
      if (seen && seen.value === before && form.getAttribute("action").split("/do/")[0] === matter) seen.value = etag;
    });
  }
  function matterOf(entry) { return entry.url.split("/do/")[0]; }
  function ifMatch(entry) { return entry.fields.find(function (pair) { return pair[0] === "if-match"; }); }
  function dataOf(entry) {
    var data = new FormData();
    entry.fields.forEach(function (pair) { data.append(pair[0], valueOf(pair[1])); });
    data.append("pressed_at", entry.at);
    return data;
  }
  function valueOf(kept) { return kept.bytes ? new File([kept.bytes], kept.name, { type: kept.type }) : kept; }
  queue.refuse = function (entry, answer) { return queue.change(entry, { until: 0, refused: reason(answer.text) }); };
  function reason(text) {
    if (text[0] === "{") return JSON.parse(text).detail;
    var said = queue.pageOf(text).querySelector("[role=alert], [data-focus]");
    return said ? Array.from(said.querySelectorAll("li, h1, b, .keep"), function (one) { return one.textContent; }).join(" ") : "没有收下。";
  }

  function make(tag, text, name) {
    var one = d.createElement(tag);
    one.textContent = text;
    if (name) one.className = name;
    return one;
  }
  function link(text, there, name) {
    var one = make("a", text, name);
    one.href = there;
    return one;
  }
  function button(label, about, press) {
    var one = make("button", label, "btn xs");
    one.type = "button";
    one.setAttribute("aria-label", label + "：" + about);
    one.addEventListener("click", press);
    return one;
  }
  function nameOf(entry) { return entry.what + " " + (entry.about || (entry.said[0] || "").slice(0, 30)); }
  function whenOf(entry) {
    var at = new Date(entry.at), photos = entry.fields.filter(function (pair) { return pair[1].bytes; }).length;
    return at.getMonth() + 1 + "月" + at.getDate() + "日 " + at.toTimeString().slice(0, 5) + " 按的" + (photos ? "，照片 " + photos + " 张" : "");
  }
  function lineOf(entry) {
    var line = make("li", ""), name = nameOf(entry), doing = make("p", "", "row gap1 mt2");
    line.append(make("b", name), make("p", whenOf(entry), "hint"));
    entry.said.forEach(function (text) { line.append(make("p", text, "kept mt2")); });
    if (entry.writer !== queue.writer) line.append(make("p", "用「" + entry.as + "」写的，换回那个岗位才送。用现在的岗位办，就打开再办。"));
    if (entry.refused) line.append(make("p", entry.refused, "err"));
    if (!isWaiting(entry)) doing.append(button("打开再办", name, function () { open(entry); }));
    doing.append(button("删掉", name, function () {
      if (confirm("删掉就找不回来了。删掉「" + name + "」吗？")) queue.remove(entry).then(function () { queue.tell(""); });
    }));
    line.append(doing);
    return line;
  }
  queue.draw = function (box, list, shut) {
    var below = box.firstChild, lines = make("ul", "", "stack mt2"), more = make("details", "", "more mt2"), doing = make("p", "", "row gap1 mt2");
    listed = list;
    sent.forEach(function (pair) {
      var line = make("p", "");
      line.append(link(nameOf(pair[0]), pair[1]));
      below.append(line);
    });
    if (!list.length) return;
    if (shut) doing.append(link("登录", "/sign-in?next=" + encodeURIComponent(location.pathname), "btn xs"));
    else if (list.some(isWaiting)) doing.append(button("现在再送", "存在手机里的", function () { replay(true); }));
    more.open = opened;
    more.addEventListener("toggle", function () { opened = more.open; });
    list.forEach(function (entry) { lines.append(lineOf(entry)); });
    more.append(make("summary", "看是哪几条"), lines);
    below.append(doing, more);
  };

  // The form again, with everything that was typed in it.
  function open(entry) {
    var act = /^(\/matters\/.+)\/do\/(.+)$/.exec(entry.url), there = act ? act[1] + "?do=" + act[2] : entry.url;
    sessionStorage.setItem(OPEN, entry.n);
    if (location.pathname + location.search === there) location.reload();
    else location.assign(act ? there + "#act-" + act[2] : there);
  }
  function fill(form, name, value) {
    var found = Array.from(form.elements).filter(function (field) { return field.name === name; });
    if (!found.length && name.startsWith("kept-")) {
      found = [make("input", "")];
      found[0].type = "hidden";
      found[0].name = name;
      form.append(found[0]);
    }
    found.forEach(function (field) {
      if (field.type === "file") {
        var files = new DataTransfer();
        Array.from(field.files).concat(valueOf(value)).forEach(function (file) { files.items.add(file); });
        field.files = files.files;
      } else if (field.type === "radio" || field.type === "checkbox") field.checked = field.checked || field.value === value;
      else if (value) field.value = value;
    });
  }
  function reopen() {
    var n = Number(sessionStorage.getItem(OPEN)), entry = n && listed.find(function (one) { return one.n === n; });
    sessionStorage.removeItem(OPEN);
    var form = entry && queue.formOf(d, entry.url);
    if (!form) return;
    queue.again = entry;
    entry.fields.forEach(function (pair) {
      if (["key", "if-match", "back", "writer"].indexOf(pair[0]) < 0) fill(form, pair[0], pair[1]);
    });
    form.scrollIntoView({ block: "center" });
    form.querySelector("textarea, .main-act").focus({ preventScroll: true });
  }

  queue.replay = function (offline) { if (offline) inAWhile(); else replay(); };
  addEventListener("online", replay);
  d.addEventListener("visibilitychange", function () { if (!d.hidden) replay(); });
  queue.tell("", 0, true).then(reopen).then(replay);
})();
