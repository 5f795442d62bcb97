"use strict";

// What one worker does, a stand-in for one process. A worker is made from the text of this function
// and of isruMakeNumbers, since a page that was opened as a file may load no worker from a file.
function isruWorker(numbers) {
  const now = () => performance.now();

  // The smallest step of the clock that is seen, in nanoseconds.
  function resolution() {
    let smallest = Infinity;
    for (let seen = 0; seen < 30; seen++) {
      const from = now();
      let to = from;
      while (to === from) to = now();
      smallest = Math.min(smallest, to - from);
    }
    return Math.max(1, Math.round(1e6 * smallest));
  }

  function timed(run, loops) {
    const from = now();
    run(loops);
    return Math.round(1e6 * (now() - from));
  }

  function warmUp(run, milliseconds) {
    const end = now() + milliseconds;
    for (let loops = 1; now() < end; loops = Math.min(2 * loops, 64)) run(loops);
  }

  // The samples of one part in one block: its arms in random order, and then back.
  function block(arms, plan, number, random, samples) {
    const order = numbers.shuffled([...arms.keys()], random);
    [...order, ...[...order].reverse()].forEach((place, position) => {
      const arm = arms[place];
      let time = timed(arm.run, arm.loops);
      while (time < plan.sample_ns) {
        arm.loops *= 2;
        time = timed(arm.run, arm.loops);
      }
      samples[place].push([plan.process, number, position, arm.loops, time]);
    });
  }

  function measure(plan) {
    const instances = {};
    for (const [name, bytes] of Object.entries(plan.modules)) {
      instances[name] = new WebAssembly.Instance(new WebAssembly.Module(bytes), {}).exports;
    }
    for (const [name, rows] of Object.entries(plan.rows)) {
      const { memory, inputs_at, reset } = instances[name];
      new Float32Array(memory.buffer, inputs_at(), rows.length).set(rows);
      reset();
    }
    const parts = plan.parts.map((arms) =>
      arms.map(({ module, entry }) => ({ loops: 1, run: instances[module][entry] })));
    for (const arm of parts.flat()) {
      warmUp(arm.run, plan.warmup_ms);
      arm.loops = numbers.calibrated((loops) => timed(arm.run, loops), plan.sample_ns);
    }
    const samples = parts.map((arms) => arms.map(() => []));
    const random = numbers.generator(plan.seed + plan.process);
    for (let number = 0; number < plan.blocks; number++) {
      parts.forEach((arms, place) => block(arms, plan, number, random, samples[place]));
      postMessage({ done: (number + 1) / plan.blocks });
    }
    return samples;
  }

  onmessage = ({ data }) => {
    try {
      postMessage(data.clock ? { clock_ns: resolution() } : { samples: measure(data) });
    } catch (error) {
      postMessage({ error: String(error) });
    }
  };
}
