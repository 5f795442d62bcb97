"use strict";

// What is computed from samples, and the text of a record: nothing here knows a page. One function
// holds it all, since a worker gets it as text.
function isruMakeNumbers() {
  function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  // Numbers from 0 to 1 that follow from a seed (mulberry32, 2^32 of them).
  function generator(seed) {
    let state = seed >>> 0;
    return () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
  }

  function shuffled(values, random) {
    const found = [...values];
    for (let last = found.length - 1; last > 0; last--) {
      const other = Math.floor(random() * (last + 1));
      [found[last], found[other]] = [found[other], found[last]];
    }
    return found;
  }

  // The least time of one call or step of an arm in each worker, in nanoseconds.
  function minima(cell, workers) {
    const size = cell.case.size || 1;
    const least = new Array(workers).fill(Infinity);
    for (const [worker, , , loops, time] of cell.samples) {
      least[worker] = Math.min(least[worker], time / loops / size);
    }
    return least;
  }

  // An estimate from the numbers of all workers, and the 95 % interval over workers drawn again.
  function estimate(columns, combine, random, times = 2000) {
    const of = (places) => combine(...columns.map((c) => median(places.map((p) => c[p]))));
    const workers = [...columns[0].keys()];
    const again = () => workers.map(() => Math.floor(random() * workers.length));
    const drawn = Array.from({ length: times }, () => of(again())).sort((a, b) => a - b);
    const at = (share) => drawn[Math.round(share * (times - 1))];
    return { value: of(workers), low: at(0.025), high: at(0.975) };
  }

  const cost = (values, random) => estimate([values], (x) => x, random);
  const ratio = (above, below, random) => estimate([above, below], (a, b) => a / b, random);

  // How many loops take `wanted` ns: `time(loops)` is the best of three, a longer run if it is short.
  function calibrated(time, wanted) {
    let loops = 1;
    for (;;) {
      const best = Math.min(time(loops), time(loops), time(loops));
      if (best >= wanted) return loops;
      const factor = best > wanted / 20 ? (1.1 * wanted) / best : 10;
      loops = Math.ceil(loops * factor);
    }
  }

  // JSON as the book's checks write it: keys in order, no space, whole numbers, a cell a line.
  function canonical(value) {
    const written = (v) => {
      if (Array.isArray(v)) return `[${v.map(written).join(",")}]`;
      if (v && typeof v === "object") {
        const pairs = Object.keys(v).sort().map((key) => `${JSON.stringify(key)}:${written(v[key])}`);
        return `{${pairs.join(",")}}`;
      }
      if (typeof v === "number" && !Number.isSafeInteger(v)) throw new Error(`${v} is not whole`);
      return JSON.stringify(v);
    };
    return written(value).replaceAll('{"arm":', '\n{"arm":') + "\n";
  }

  async function sha256(bytes) {
    const digest = await crypto.subtle.digest("SHA-256", bytes);
    return [...new Uint8Array(digest)].map((b) => b.toString(16).padStart(2, "0")).join("");
  }

  // A name in lower case, what is neither letter nor digit replaced by one "-".
  const slug = (words) => words.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");

  const plain = (words) => words.replace(/[^A-Za-z0-9 .,:;()@%+\-_/=~#'!?]/g, "?").trim();

  // What a browser says of itself, in the words of a record.
  function described(agent) {
    const kinds = [
      ["Edge", "Blink", /Edg\/([\d.]+)/],
      ["Firefox", "Gecko", /Firefox\/([\d.]+)/],
      ["Chromium", "Blink", /Chrom(?:e|ium)\/([\d.]+)/],
      ["Safari", "WebKit", /Version\/([\d.]+).*Safari/],
    ];
    const known = kinds.find(([, , pattern]) => pattern.test(agent));
    const [name, engine] = known || ["unknown", "unknown"];
    const version = known ? agent.match(known[2])[1] : "0";
    const system = (agent.match(/\(([^)]*)\)/) || ["", "unknown"])[1];
    const words = plain(system.replace(/; rv:[\d.]+|X11; |Windows; /g, "")).slice(0, 120);
    return { browser: { engine, name, version: version.slice(0, 40) }, system: words || "unknown" };
  }

  return {
    calibrated, canonical, cost, described, generator, median, minima, plain, ratio, sha256,
    shuffled, slug,
  };
}

const isruNumbers = isruMakeNumbers();

// The last output of a network's module after each of some windows of equally many rows.
async function isruForecasts(bytes, inputs, windows, rows) {
  const { instance } = await WebAssembly.instantiate(bytes, {});
  const { memory, inputs_at, outputs_at, reset, step, output } = instance.exports;
  new Float32Array(memory.buffer, inputs_at(), inputs.length).set(inputs);
  return Array.from({ length: windows }, (_, window) => {
    reset();
    for (let row = 0; row < rows; row++) step(window * rows + row);
    output();
    return new Float32Array(memory.buffer, outputs_at(), 1)[0];
  });
}
