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

  // After a page part was swapped in, what must be read first takes the focus.
  function focusMessage() {
    var first = d.querySelector("[data-focus]");
    if (first) first.focus();
  }
  d.addEventListener("htmx:after:swap", focusMessage);
  focusMessage();

  // Filters act at once; without script there is a button.
  d.addEventListener("change", function (e) {
    var form = e.target.closest("form[data-auto]");
    if (form && e.target.tagName === "SELECT") form.requestSubmit();
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
    }).catch(function () { location.href = link.href; });
  });

  // While a text is being written, what it looks like is proposed; without script there is a button.
  var asking, asked = 0;
  function propose(form) {
    var data = new FormData(form), turn = ++asked;
    data.append("look", "1");
    data.delete("f-photo_after");
    fetch(form.action, { method: "POST", body: new URLSearchParams(data), headers: { Accept: "text/html" } }).then(function (answer) {
      if (!answer.ok || answer.redirected) throw answer;
      return answer.text();
    }).then(function (text) {
      var fresh = new DOMParser().parseFromString(text, "text/html").getElementById("guess"), old = d.getElementById("guess");
      if (turn === asked && fresh && old && !old.contains(d.activeElement)) old.replaceWith(fresh);
      var place = form.querySelector("#new-place");
      var told = new DOMParser().parseFromString(text, "text/html").querySelector("#new-place");
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
  function restore() {
    var done = d.querySelector("[data-done]");
    d.querySelectorAll("form[data-draft] textarea").forEach(function (f) {
      try {
        if (done && done.dataset.done === f.form.dataset.draft) sessionStorage.removeItem(key(f));
        else if (!f.value) f.value = sessionStorage.getItem(key(f)) || "";
      } catch (_) { /* as above */ }
    });
  }
  d.addEventListener("htmx:after:swap", restore);
  restore();

  // A button that prints; without script the browser's own menu does.
  d.querySelectorAll("[data-print]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () { print(); });
  });
})();
