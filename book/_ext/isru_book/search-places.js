// What the search does beside Sphinx's own: the name of a result that is asked for word for word
// comes first, and a page that holds the words is opened at them (see search-found.js).
Scorer.score = (result) => {
  const asked = (new URLSearchParams(location.search).get("q") || "").trim();
  const [, title, anchor, kind, score] = result;
  if (kind && title.toLowerCase() === asked.toLowerCase()) return 100;
  if (!kind && anchor === "") result[2] = `?found=${encodeURIComponent(asked)}`;
  return score;
};
