"use strict";
// Loads the counts every few seconds and updates the page.
(() => {
  const INTERVAL = 5000;
  const status = document.getElementById("update-status");

  function update(attribute, name, text) {
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
      for (const name of ["agreed", "described", "answered", "finished", "answers"]) {
        update("count", name, String(counts[name]));
      }
      for (const [condition, row] of Object.entries(counts.by_condition)) {
        update("answers", condition, String(row.answers));
        const correct = row.answers ? `${Math.round((100 * row.correct) / row.answers)}%` : "–";
        update("correct", condition, correct);
      }
      if (status.textContent) status.textContent = "";
    } catch {
      status.textContent = "The counts could not be loaded. Trying again …";
    }
  }

  setInterval(refresh, INTERVAL);
})();
