/* Small comforts. Every page works without this file. */
(function () {
  "use strict";
  var d = document;

  // A link to an action opens it, and the first field takes the focus.
  function openTarget() {
    var id = decodeURIComponent(location.hash.slice(1));
    var act = id && d.getElementById(id);
    if (act && act.tagName === "DETAILS") {
      act.open = true;
      var field = act.querySelector("textarea, select, input:not([type=hidden])");
      if (field) field.focus({ preventScroll: true });
      act.scrollIntoView({ block: "start" });
    }
  }
  addEventListener("hashchange", openTarget);
  openTarget();

  // What must be read first takes the focus, also after a page part was swapped in; or where writing begins at once.
  function focusMessage() {
    var first = d.querySelector("[data-focus]") || d.querySelector("[data-start] textarea");
    if (first) first.focus();
  }
  d.addEventListener("htmx:after:swap", focusMessage);
  focusMessage();

  // Filters act at once; without script there is a button.
  d.addEventListener("change", function (e) {
    var form = e.target.closest("form[data-auto]");
    if (form && (e.target.tagName === "SELECT" || e.target.type === "range")) form.requestSubmit();
  });

  // The first action of a row opens over the list; without script, or when that fails, the matter's own page opens.
  d.addEventListener("click", function (e) {
    var sheet = d.getElementById("sheet");
    if (e.target.closest("[data-close]")) { sheet.close(); return; }
    var link = e.target.closest("a[data-sheet]");
    if (!link || !sheet || !sheet.showModal || e.ctrlKey || e.metaKey || e.shiftKey) return;
    e.preventDefault();
    fetch(link.dataset.sheet, { headers: { Accept: "text/html" } }).then(function (answer) {
      if (!answer.ok || answer.redirected) throw answer;
      return answer.text();
    }).then(function (text) {
      sheet.innerHTML = text;
      sheet.setAttribute("aria-labelledby", "sheet-h");
      restore();
      sheet.showModal();
      var field = sheet.querySelector("textarea, select, input:not([type=hidden])") || sheet.querySelector(".main-act");
      if (field) field.focus();
    }).catch(function (why) {
      if (why instanceof TypeError && window.queue) queue.tell("没有网，打不开。");
      else location.href = link.href;
    });
  });

  // While a text is being written, what it looks like is proposed; without script there is a button.
  var asking, asked = 0;
  function propose(form) {
    var data = new FormData(form), turn = ++asked;
    form.querySelectorAll("input[type=file]").forEach(function (file) { data.delete(file.name); });
    data.append("look", "1");
    fetch(form.action, { method: "POST", body: new URLSearchParams(data), headers: { Accept: "text/html" } }).then(function (answer) {
      if (!answer.ok || answer.redirected) throw answer;
      return answer.text();
    }).then(function (text) {
      var page = new DOMParser().parseFromString(text, "text/html");
      var fresh = page.getElementById("guess"), old = d.getElementById("guess");
      if (turn === asked && fresh && old && !old.contains(d.activeElement)) old.replaceWith(fresh);
      var place = form.querySelector("#new-place"), told = page.getElementById("new-place");
      if (place && told && !place.value) place.value = told.value;
    }).catch(function () { /* proposing is a comfort */ });
  }
  d.addEventListener("input", function (e) {
    var form = e.target.closest("form[data-guess]");
    if (!form || e.target.tagName !== "TEXTAREA") return;
    clearTimeout(asking);
    asking = setTimeout(propose, 700, form);
  });
  d.addEventListener("change", function (e) {
    var form = e.target.closest("form[data-guess]");
    if (form && e.target.id === "new-place") propose(form);
  });
  d.documentElement.classList.add("scripted");
  // Hidden, such a button would still be the one that Enter presses.
  d.querySelectorAll(".noscript-only button").forEach(function (button) { button.remove(); });

  // A photo is made small on the phone before it is sent: 300 KB are enough to see what was done.
  var MOST = 300 * 1024, LONGEST = 1600, shrinking = 0, waiting = null;
  function smaller(picture, side, quality) {
    var scale = Math.min(1, side / Math.max(picture.width, picture.height));
    var canvas = d.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    return new Promise(function (done) { canvas.toBlob(done, "image/jpeg", quality); }).then(function (blob) {
      if (!blob || blob.size <= MOST || side < 400) return blob;
      return quality > 0.5 ? smaller(picture, side, quality - 0.15) : smaller(picture, side * 0.75, 0.8);
    });
  }
  function shrink(file) {
    if (!/^image\//.test(file.type) || file.size <= MOST) return Promise.resolve(file);
    return createImageBitmap(file, { imageOrientation: "from-image" }).then(function (picture) {
      return smaller(picture, LONGEST, 0.8);
    }).then(function (blob) {
      if (!blob || blob.size >= file.size) return file;
      return new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" });
    }).catch(function () { return file; });
  }
  d.addEventListener("change", function (e) {
    var field = e.target;
    if (field.type !== "file" || !window.createImageBitmap || !window.DataTransfer) return;
    shrinking++;
    Promise.all(Array.prototype.map.call(field.files, shrink)).then(function (files) {
      var given = new DataTransfer();
      files.forEach(function (file) { given.items.add(file); });
      field.files = given.files;
    }).catch(function () { /* the photo goes as it is */ }).then(function () {
      if (--shrinking === 0 && waiting) { waiting.requestSubmit(); waiting = null; }
    });
  });
  // Pressed while a photo is still being made small: sent as soon as that is done.
  d.addEventListener("submit", function (e) {
    if (shrinking && e.target.enctype === "multipart/form-data") {
      e.preventDefault();
      e.stopImmediatePropagation();
      waiting = e.target;
    }
  }, true);

  // A second press of the same button sends nothing.
  d.addEventListener("submit", function (e) {
    var form = e.target;
    if (form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) { e.preventDefault(); return; }
    form.dataset.sent = "1";
  });
  addEventListener("pageshow", function () {
    d.querySelectorAll("form[data-sent]").forEach(function (form) { delete form.dataset.sent; });
  });

  // What was typed stays in this browser until it was sent.
  function key(field) { return "draft:" + location.pathname + ":" + field.form.dataset.draft + ":" + field.name; }
  d.addEventListener("input", function (e) {
    var f = e.target;
    if (f.tagName === "TEXTAREA" && f.form && f.form.dataset.draft) {
      try { sessionStorage.setItem(key(f), f.value); } catch (_) { /* private window: nothing to keep it in */ }
    }
  });
  function forget(done) {
    var start = "draft:" + (done[0] === "/" ? done : location.pathname + ":" + done) + ":";
    Object.keys(sessionStorage).forEach(function (name) { if (name.indexOf(start) === 0) sessionStorage.removeItem(name); });
  }
  function restore() {
    var done = d.querySelector("[data-done]");
    try {
      if (done) forget(done.dataset.done);
      d.querySelectorAll("form[data-draft] textarea").forEach(function (f) {
        if (!f.value) f.value = sessionStorage.getItem(key(f)) || "";
      });
    } catch (_) { /* as above */ }
  }
  d.addEventListener("htmx:after:swap", restore);
  restore();
  // Who signs in next at this desk does not find them.
  d.addEventListener("submit", function (e) {
    if (e.target.getAttribute("action") !== "/sign-out") return; // a field may be called action
    try {
      var n = localStorage["queue." + d.body.dataset.writer.split(".")[0]];
      if (n && !confirm(n + " 条还没送出，要等您再登录才送。退出吗？")) { e.preventDefault(); delete e.target.dataset.sent; }
      else sessionStorage.clear();
    } catch (_) { /* as above */ }
  });

  // A button that prints; without script the browser's own menu does.
  d.querySelectorAll("[data-print]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () { print(); });
  });
})();
