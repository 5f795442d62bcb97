"use strict";

// The folds of a chapter's code: a button that opens all of them, remembered for the visit, and
// an address that leads into a fold opens it. Without this script each fold opens by itself.
(() => {
  const KEY = "isru-all-code";
  const FOLDS = "details.isru-code";

  function remembered() {
    try {
      return sessionStorage.getItem(KEY) === "yes";
    } catch {
      return false; // a browser that keeps nothing
    }
  }

  function remember(open) {
    try {
      sessionStorage.setItem(KEY, open ? "yes" : "no");
    } catch {
      // nothing is kept, and the next page begins folded
    }
  }

  function set(button, open) {
    button.setAttribute("aria-pressed", String(open));
    for (const fold of document.querySelectorAll(FOLDS)) fold.open = open;
  }

  function reveal() {
    const target = document.getElementById(location.hash.slice(1));
    const folds = [];
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") folds.push(at);
    if (folds.length === 0) return;
    for (const fold of folds) fold.open = true; // a table's own fold may lie in another
    target.scrollIntoView();
  }

  function start() {
    const button = document.querySelector(".isru-all-code button");
    if (button && document.querySelector(FOLDS)) {
      button.parentElement.hidden = false;
      if (remembered()) set(button, true);
      button.addEventListener("click", () => {
        const open = button.getAttribute("aria-pressed") !== "true";
        set(button, open);
        remember(open);
      });
    }
    reveal();
    addEventListener("hashchange", reveal);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
