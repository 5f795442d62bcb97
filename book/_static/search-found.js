"use strict";

// A page that the search opened, page.html?found=WORDS, is shown at these words as they stand
// there, else at the first word with the stem of one of them, which is how the search finds pages.
function findWords(asked) {
  const texts = textsOf(document.querySelector("article"));
  const phrase = asked.toLowerCase();
  for (const text of texts) {
    const start = text.data.toLowerCase().indexOf(phrase);
    if (start >= 0) return { text, start, end: start + phrase.length };
  }
  const stemmer = new Stemmer();
  const stem = (word) => stemmer.stemWord(word.toLowerCase());
  const stems = new Set(splitQuery(asked).map(stem));
  for (const text of texts) {
    const word = splitQuery(text.data).find((one) => stems.has(stem(one)));
    if (word !== undefined) {
      const start = text.data.indexOf(word);
      return { text, start, end: start + word.length };
    }
  }
  return null;
}

function textsOf(element) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    if (!walker.currentNode.parentElement.closest("script, style")) found.push(walker.currentNode);
  }
  return found;
}

function showFound() {
  const asked = new URLSearchParams(window.location.search).get("found");
  const found = asked ? findWords(asked) : null;
  if (found === null) return;
  const parent = found.text.parentElement;
  for (let fold = parent.closest("details"); fold; fold = fold.parentElement.closest("details")) {
    fold.open = true;
  }
  const range = document.createRange();
  range.setStart(found.text, found.start);
  range.setEnd(found.text, found.end);
  window.getSelection().removeAllRanges();
  window.getSelection().addRange(range); // marks the words, and lets a screen reader begin there
  parent.scrollIntoView({ block: "center" });
}

window.addEventListener("load", showFound); // once formulas and pictures have their heights
