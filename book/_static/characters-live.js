"use strict";

// On the page of the character models both write anew, from the same random numbers, whenever a
// control moves. Nothing is animated and nothing is fetched.
(() => {
  const LENGTH = 240;
  const WRITE_MS = 120; // after the last key or move
  const TELL_MS = 1000; // a screen reader hears of the last of several changes alone

  // The module of a network as a function: a symbol in, what each next symbol scores out.
  async function loaded(base64, symbols) {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const { instance } = await WebAssembly.instantiate(bytes, {});
    const { memory, inputs_at, outputs_at, reset, step, output } = instance.exports;
    const inputs = new Float32Array(memory.buffer, inputs_at(), symbols);
    const scores = new Float32Array(memory.buffer, outputs_at(), symbols);
    const read = (symbol) => {
      inputs.fill(0);
      inputs[symbol] = 1;
      step(0);
      output();
      return scores;
    };
    return { read, reset };
  }

  // How likely each next symbol is, added up over the symbols before it, but for a common factor.
  // Python computes the exponents in single precision and the rest in double, and so does this.
  function likelihoods(scores, temperature) {
    const highest = Math.max(...scores);
    const divisor = Math.fround(temperature);
    let sum = 0;
    return Array.from(scores, (score) => {
      sum += Math.exp(Math.fround(Math.fround(score - highest) / divisor));
      return sum;
    });
  }

  // What the models think of the next symbol after a prompt.
  function after(network, prompt) {
    network.reset();
    return prompt.map(network.read).at(-1);
  }

  // `length` symbols that follow a prompt, each drawn with the next of the random numbers.
  function written(network, prompt, length, temperature, random) {
    let scores = after(network, prompt);
    return Array.from({ length }, () => {
      const sums = likelihoods(scores, temperature);
      const reached = random() * sums.at(-1);
      const symbol = sums.findIndex((sum) => sum > reached);
      scores = network.read(symbol);
      return symbol;
    });
  }

  // ---- the controls

  // A prompt as the models know it: their text has one kind of apostrophe.
  function spelt(prompt, alphabet) {
    return alphabet.includes("'") ? prompt : prompt.replaceAll("'", "\u2019");
  }

  function faultOf(prompt, seed, alphabet) {
    if (prompt === "") return "Prompt: expected at least one character, got none.";
    const unknown = [...new Set(spelt(prompt, alphabet))].filter((c) => !alphabet.includes(c));
    if (unknown.length) {
      const known = alphabet.filter((c) => c.trim()).join("");
      return `Prompt: the models do not know \u201c${unknown.join("")}\u201d. They know the space ` +
        `and ${known}.`;
    }
    const good = /^\d{1,4}$/.test(seed) && Number(seed) >= 1;
    return good ? "" : "Seed: expected a whole number from 1 to 9999.";
  }

  // What the address asks for within the fields' bounds, or what the page offers by itself.
  function asked(fields, data, alphabet) {
    const wishes = new URLSearchParams(location.search);
    const prompt = (wishes.get("prompt") ?? "").slice(0, fields.prompt.maxLength);
    const temperature = Number(wishes.get("temperature"));
    const { min, max } = fields.temperature;
    const seed = wishes.get("seed") ?? "";
    return {
      prompt: faultOf(prompt, "1", alphabet) ? data.prompt : prompt,
      temperature: temperature >= min && temperature <= max ? temperature : data.temperature,
      seed: faultOf(data.prompt, seed, alphabet) ? "1" : seed,
    };
  }

  // The address takes up what is shown, so that a link leads to the same texts.
  function remember(fields) {
    const wishes = new URLSearchParams(location.search);
    for (const field of fields) wishes.set(field.name, field.value);
    history.replaceState(null, "", `?${wishes}${location.hash}`);
  }

  function start(form, data, networks) {
    const alphabet = [...data.alphabet];
    const { prompt, temperature, seed } = form.elements;
    const [shown, told] = [form.querySelector("output"), form.querySelector("[role=status]")];

    function write() {
      const fault = faultOf(prompt.value, seed.value, alphabet);
      prompt.setAttribute("aria-invalid", fault.startsWith("Prompt"));
      seed.setAttribute("aria-invalid", fault.startsWith("Seed"));
      shown.textContent = Number(temperature.value).toFixed(2);
      told.textContent = fault && `${fault} The texts are still those of before.`;
      if (fault) return false;
      const text = spelt(prompt.value, alphabet);
      const symbols = [...text].map((c) => alphabet.indexOf(c));
      for (const [name, network] of Object.entries(networks)) {
        const random = isruNumbers.generator(Number(seed.value));
        const found = written(network, symbols, LENGTH, Number(temperature.value), random);
        const box = form.querySelector(`[data-live="${name}"]`);
        box.querySelector("b").textContent = text;
        box.querySelector("span").textContent = found.map((symbol) => alphabet[symbol]).join("");
      }
      return true;
    }

    function tell() {
      told.textContent = `Both wrote anew: temperature ${shown.textContent}, seed ${seed.value}.`;
    }

    let [writing, telling] = [0, 0];
    form.addEventListener("input", () => {
      clearTimeout(writing);
      clearTimeout(telling);
      writing = setTimeout(() => {
        if (!write()) return;
        remember([prompt, temperature, seed]);
        telling = setTimeout(tell, TELL_MS);
      }, WRITE_MS);
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    for (const [name, value] of Object.entries(asked(form.elements, data, alphabet))) {
      form.elements[name].value = value;
    }
    write();
    form.hidden = false;
  }

  window.isruWritten = { after, likelihoods, loaded, written };
  document.addEventListener("DOMContentLoaded", async () => {
    const form = document.querySelector("form.isru-live");
    if (!form) return;
    const data = window.isruCharacters;
    const without = document.querySelector(".isru-live-without");
    if (!data || typeof isruNumbers === "undefined") {
      without.textContent = "The models could not be loaded, so they do not write here.";
      without.hidden = false;
      return;
    }
    const networks = {};
    try {
      for (const [name, base64] of Object.entries(data.modules)) {
        networks[name] = await loaded(base64, [...data.alphabet].length);
      }
    } catch { // no WebAssembly, or a setting that forbids it
      without.hidden = false;
      return;
    }
    start(form, data, networks);
  });
})();
