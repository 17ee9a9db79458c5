"use strict";
// Asks for the counts again every few seconds and puts them where they stand.
(() => {
  const EVERY = 5000;
  const fresh = document.getElementById("fresh");

  function put(attribute, name, text) {
    for (const cell of document.querySelectorAll(`[data-${attribute}]`)) {
      if (cell.getAttribute(`data-${attribute}`) === name && cell.textContent !== text) {
        cell.textContent = text;
      }
    }
  }

  async function refresh() {
    try {
      const response = await fetch("/admin/counts", { credentials: "same-origin" });
      if (!response.ok) throw new Error(response.statusText);
      const counts = await response.json();
      for (const name of ["agreed", "told", "answered", "finished", "answers"]) {
        put("count", name, String(counts[name]));
      }
      for (const [kind, of] of Object.entries(counts.types)) {
        put("answers", kind, String(of.answers));
        put("right", kind, of.answers ? `${Math.round((100 * of.correct) / of.answers)} %` : "–");
      }
      if (fresh.textContent) fresh.textContent = "";
    } catch {
      fresh.textContent = "The counts could not be fetched; they are asked for again.";
    }
  }

  setInterval(refresh, EVERY);
})();
