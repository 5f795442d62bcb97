"use strict";

// The page "In your browser": one button measures, and every result is written into the page.
(() => {
  const N = isruNumbers;
  const TICKS = 50; // of the clock, at least, in a sample
  const SHORTEST_NS = 5e6; // however fine the clock
  const COARSEST_NS = 5e6; // a coarser clock would take minutes
  const SECONDS = 30;
  const AGAIN = 5; // per cent that tanh may differ from itself, or there is no verdict
  const AMONG = { activations: "Among the calls", steps: "Among the steps" };
  // One instruction on vectors, in the least module that holds one.
  const SIMD = [
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15,
    253, 98, 11,
  ];

  const bytesOf = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const floatsOf = (base64) => new Float32Array(bytesOf(base64).buffer);
  const wordOf = (number) =>
    new Uint32Array(new Float32Array([number]).buffer)[0].toString(16).padStart(8, "0");
  const digits = (x) => x.toFixed(x < 10 ? 2 : x < 100 ? 1 : 0);
  const interval = (e) => `${digits(e.value)} (${digits(e.low)} to ${digits(e.high)})`;

  // What the reader may ask in the address, such as ?workers=2&blocks=1, for a shorter run.
  function wishes() {
    const asked = new URLSearchParams(location.search);
    const whole = (name, usual, most) => {
      const number = Number(asked.get(name) ?? usual);
      return Number.isInteger(number) && number >= 1 && number <= most ? number : usual;
    };
    return {
      workers: whole("workers", 6, 100),
      warmup_ms: whole("warmup", 60, 1000),
      ticks: whole("ticks", TICKS, 1000),
      blocks: whole("blocks", 0, 100),
      shortest_ns: asked.has("ticks") ? 0 : SHORTEST_NS,
    };
  }

  function start(box, data) {
    const field = (name) => document.querySelector(`[data-isru="${name}"]`);
    const [go, stop, status, bar] = ["go", "stop", "status", "bar"].map(field);
    const say = (words) => { status.textContent = words; };
    const simd = WebAssembly.validate(new Uint8Array(SIMD));
    const modules = Object.fromEntries(
      Object.entries(data.modules)
        .filter(([name]) => simd || name !== "vectors")
        .map(([name, one]) => [name, bytesOf(one.base64)]));
    const inputs = floatsOf(data.inputs);
    const source = `(${isruWorker})((${isruMakeNumbers})())`;
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    let ended = ""; // why the run was ended; empty while it goes on
    let giveUp = () => {}; // of the worker that is asked now

    function end(why) {
      ended = why;
      giveUp();
    }

    // Ask a fresh worker for one answer; `onPart` hears how far it is.
    function ask(question, onPart) {
      return new Promise((resolve, reject) => {
        const worker = new Worker(address);
        const leave = (how, value) => { worker.terminate(); how(value); };
        giveUp = () => leave(reject, new Stopped(ended));
        worker.onerror = (event) => leave(reject, new Error(event.message || "a worker failed"));
        worker.onmessage = ({ data: told }) => {
          if (told.error) leave(reject, new Error(told.error));
          else if ("done" in told) onPart(told.done);
          else leave(resolve, told);
        };
        if (ended) giveUp();
        worker.postMessage(question);
      });
    }

    function planned(clock, wish) {
      const wanted = Math.max(wish.ticks * clock, wish.shortest_ns);
      const arms = data.parts.map((part) => part.arms.filter((row) => row.module in modules));
      const samples = 2 * arms.flat().length;
      // Warming up and calibrating take about six samples of each arm.
      const each = (SECONDS * 1e9) / wish.workers - arms.flat().length * wish.warmup_ms * 1e6;
      const fit = Math.floor(each / (1.3 * wanted * samples)) - 3;
      return {
        arms,
        blocks: wish.blocks || Math.min(20, Math.max(2, fit)),
        sample_ns: Math.ceil(wanted),
      };
    }

    async function measure(wish) {
      say("Looking at the clock.");
      const { clock_ns: clock } = await ask({ clock: true });
      if (clock > COARSEST_NS) {
        throw new Error(`this browser's clock steps by ${clock / 1e6} ms, too coarse to measure with`);
      }
      const plan = planned(clock, wish);
      const samples = plan.arms.map((arms) => arms.map(() => []));
      for (let process = 0; process < wish.workers; process++) {
        say(`Measuring: worker ${process + 1} of ${wish.workers}.`);
        const told = await ask(
          {
            modules,
            rows: Object.fromEntries(Object.keys(data.networks).map((name) => [name, inputs])),
            parts: plan.arms,
            warmup_ms: wish.warmup_ms,
            sample_ns: plan.sample_ns,
            blocks: plan.blocks,
            seed: data.seed,
            process,
          },
          (done) => { bar.value = (process + done) / wish.workers; });
        told.samples.forEach((arms, part) =>
          arms.forEach((found, arm) => samples[part][arm].push(...found)));
      }
      const parts = {};
      data.parts.forEach((part, place) => {
        parts[part.name] = plan.arms[place].map(({ arm }, number) =>
          ({ arm, case: part.case, samples: samples[place][number] }));
      });
      return { parts, clock, blocks: plan.blocks, wish };
    }

    // ---- what is shown

    async function showNetworks() {
      let [equal, all, largest, pinned] = [0, 0, 0, true];
      const rows = inputs.length / data.windows.length / data.features;
      for (const [name, one] of Object.entries(data.networks)) {
        const forecasts = await isruForecasts(modules[name], inputs, data.windows.length, rows);
        forecasts.forEach((y, place) => {
          all += 1;
          if (one.native.length > 0) equal += wordOf(y) === one.native[place];
          else pinned = false;
          largest = Math.max(largest, Math.abs(y - one.numpy[place]));
          field(`forecast-${name}-${place}`).textContent = degrees(y * data.change_scale);
        });
      }
      const bits = pinned ? `${equal} of the ${all} forecasts have the very bits of the native C. ` : "";
      const far = `The largest distance to NumPy's is ${largest.toExponential(1)} ` +
        "in units of the network's output.";
      field("networks").textContent = `Computed here, just now: ${bits}${far}`;
    }

    function showTimes(found) {
      const random = N.generator(data.seed);
      const [told, undecided] = [[], []];
      for (const { name: part, arms } of data.parts) {
        const least = Object.fromEntries(
          found.parts[part].map((cell) => [cell.arm, N.minima(cell, found.wish.workers)]));
        const apart = 100 * Math.abs(N.ratio(least.tanh_again, least.tanh, random).value - 1);
        if (apart > AGAIN) {
          found.problems.push(`${part}: A/A differs by ${apart.toFixed(0)} %`);
          undecided.push(
            `${AMONG[part]}: no verdict, since tanh measured twice differs by ` +
            `${apart.toFixed(0)}\u00a0%.`);
        }
        for (const { arm, rival, told: words } of arms.filter((row) => row.arm in least)) {
          field(`cost-${part}-${arm}`).textContent = interval(N.cost(least[arm], random));
          if (!rival) continue;
          const ratio = N.ratio(least[rival], least[arm], random);
          field(`ratio-${part}-${arm}`).textContent = interval(ratio);
          if (words && apart <= AGAIN) told.push(`${words}: ${verdict(ratio)}`);
        }
      }
      const without = simd ? "" : "This browser has no vectors (SIMD): it was measured without them.";
      const again = undecided.length ? "Close other programs and measure again." : "";
      field("verdict").textContent = [...told, ...undecided, again, without].join(" ").trim();
    }

    function verdict(ratio) {
      const word = ratio.low > 1 ? "faster" : ratio.high < 1 ? "slower" : "neither faster nor slower";
      return `tanh takes ${interval(ratio)} times as long as ISRU, which is ${word} here.`;
    }

    function showBeside(found) {
      const random = N.generator(data.seed);
      const cells = Object.fromEntries(found.parts.activations.map((cell) => [cell.arm, cell]));
      for (const [form, [tanh, isru]] of Object.entries(data.beside)) {
        if (!cells[tanh] || !cells[isru]) continue;
        const [above, below] = [tanh, isru].map((arm) => N.minima(cells[arm], found.wish.workers));
        field(`beside-${form}-tanh`).textContent = interval(N.cost(above, random));
        field(`beside-${form}-isru`).textContent = interval(N.cost(below, random));
        field(`beside-${form}-ratio`).textContent = interval(N.ratio(above, below, random));
      }
    }

    async function recordOf(found) {
      const hashes = Object.keys(modules).map((name) => [name, data.modules[name].sha256]);
      const typed = N.plain(field("processor").value).slice(0, 100);
      const record = {
        format: "isru machine record",
        kind: "browser",
        schema: 3,
        machine: {
          ...N.described(navigator.userAgent),
          ...(typed ? { processor: typed } : {}),
          clock_ns: found.clock,
          cores: navigator.hardwareConcurrency || 1,
          provenance: {
            ...data.provenance,
            date: new Date().toISOString().slice(0, 10),
            kernels: Object.fromEntries(hashes),
          },
          simd,
        },
        settings: {
          blocks: found.blocks,
          seed: data.seed,
          ticks: found.wish.ticks,
          warmup_ms: found.wish.warmup_ms,
          workers: found.wish.workers,
        },
        parts: found.parts,
        problems: found.problems,
      };
      const text = N.canonical(record);
      const { browser, system } = record.machine;
      const hash = (await N.sha256(new TextEncoder().encode(text))).slice(0, 8);
      return { name: `${N.slug(`${browser.name} ${browser.version} ${system}`)}-${hash}.json`, text };
    }

    // The record is made anew whenever the processor's name is typed.
    async function offer(found) {
      const link = field("record");
      const { name, text } = await recordOf(found);
      URL.revokeObjectURL(link.href);
      link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
      link.download = name;
      link.textContent = `Download ${name}`;
      field("offer").hidden = false;
    }

    // ---- the button

    async function run() {
      stop.disabled = false;
      stop.focus(); // the button that was pressed cannot be pressed again for now
      go.disabled = true;
      bar.hidden = false;
      bar.value = 0;
      ended = "";
      try {
        await showNetworks();
        const found = { ...(await measure(wishes())), problems: [] };
        showTimes(found);
        showBeside(found);
        field("processor").onchange = () => offer(found);
        await offer(found);
        say("Done. The results stand below.");
      } catch (error) {
        if (!(error instanceof Stopped)) say(`Nothing was measured: ${error.message || error}.`);
        else say(error.message);
      }
      bar.hidden = true;
      go.disabled = false;
      if (document.activeElement === stop) go.focus();
      stop.disabled = true;
    }

    go.addEventListener("click", run);
    stop.addEventListener("click", () => {
      end("Stopped. Nothing of this run is kept.");
    });
    document.addEventListener("visibilitychange", () => {
      const why = "The page was hidden, and a hidden page is slowed down: this run was thrown away. " +
        "Measure again and leave the page in view.";
      if (document.hidden && !stop.disabled) end(why);
    });
    box.hidden = false;
  }

  class Stopped extends Error {}

  const degrees = (x) => `${x < 0 ? "\u2212" : "+"}${Math.abs(x).toFixed(2)}`;

  document.addEventListener("DOMContentLoaded", () => {
    const box = document.querySelector("[data-isru=controls]");
    const data = window.isruBrowser;
    if (!box || !data) return;
    if (typeof WebAssembly === "object") start(box, data);
    else document.querySelector("[data-isru=without]").hidden = false;
  });
})();
