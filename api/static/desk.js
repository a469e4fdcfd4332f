/* Keys of the dispatch table, and its ticks. The page works without this file. */
(function () {
  "use strict";
  var d = document, on = d.getElementById("keys-on"), list = d.getElementById("keys");
  var KEPT = "sanlian-keys";
  if (on) {
    try { on.checked = localStorage.getItem(KEPT) !== "off"; } catch (_) { /* a private window: on */ }
    on.addEventListener("change", function () {
      try { localStorage.setItem(KEPT, on.checked ? "on" : "off"); } catch (_) { /* not remembered */ }
    });
  }
  function rows() { return Array.prototype.slice.call(d.querySelectorAll("[data-row]")); }
  function here() { var at = d.activeElement; return at && at.closest ? at.closest("[data-row]") : null; }
  function go(step) {
    var all = rows(), at = all.indexOf(here());
    var next = all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))];
    if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
  }
  function open(row) {
    var folded = row.querySelector("form details");
    if (folded) folded.open = true;
    var first = row.querySelector("form select, form textarea, form input:not([type=hidden]), form button");
    if (first) first.focus();
  }
  function choose(row, n) {
    var option = row.querySelector('option[data-n="' + n + '"]');
    if (!option) return false;
    option.parentNode.parentNode.value = option.value;
    option.closest("select").focus();
    return true;
  }
  function send(row) {
    var form = row.querySelector("form");
    if (!form) return false;
    if (form.querySelector("details:not([open])")) { open(row); return true; }
    form.requestSubmit();
    return true;
  }
  function typing(at) { return at.tagName === "TEXTAREA" || (at.tagName === "INPUT" && !/^(checkbox|radio|button|submit)$/.test(at.type)); }

  d.addEventListener("keydown", function (e) {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || !on || !on.checked || typing(e.target)) return;
    var row = here(), inSelect = e.target.tagName === "SELECT", used = true;
    if (e.key === "?") { list.open = !list.open; if (list.open) list.querySelector("summary").focus(); }
    else if (e.key === "Escape") { list.open = false; if (row) row.focus(); }
    else if (inSelect && !row) used = false;
    else if (e.key === "j" || (e.key === "ArrowDown" && !inSelect)) go(1);
    else if (e.key === "k" || (e.key === "ArrowUp" && !inSelect)) go(-1);
    else if (e.key === "n") location.href = "/dispatch/new";
    else if (!row) used = false;
    else if (e.key === "o") open(row);
    else if (e.key === "x") { var box = row.querySelector('input[name="pick"]'); if (box) box.click(); }
    else if (/^[1-9]$/.test(e.key)) used = choose(row, e.key);
    else if (e.key === "Enter" && (e.target === row || inSelect)) used = send(row);
    else used = false;
    if (used) e.preventDefault();
  });

  // What is offered together is what every ticked row allows.
  var together = d.getElementById("together");
  function count() {
    var picked = Array.prototype.slice.call(d.querySelectorAll('input[name="pick"]:checked'));
    var said = together.querySelector("[data-picked]"), select = together.querySelector("select");
    together.classList.toggle("on", picked.length > 0);
    said.textContent = picked.length ? "已选 " + picked.length + " 件" : "勾选几件一起办";
    Array.prototype.forEach.call(select.options, function (option) {
      var fits = picked.every(function (box) {
        return box.closest("[data-row]").dataset.together.split(" ").indexOf(option.value) >= 0;
      });
      option.disabled = option.value !== "" && !fits;
      if (option.disabled && option.selected) select.value = "";
    });
  }
  if (together) { d.addEventListener("change", function (e) { if (e.target.name === "pick") count(); }); count(); }
})();
