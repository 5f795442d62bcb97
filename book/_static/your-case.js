"use strict";

// One time step of an LSTM with F features and N units, for B sequences at once, takes
// call + neuron B N + (weight + mac B) M with tanh, M its multiply-accumulates; an arm saves
// saved_call + saved_neuron B N of it (a loss where it needs more calls).
function predicted(row, batch, features, units) {
  const macs = 4 * units * (features + units + 1) + 3 * units;
  const step = row.call + row.neuron * batch * units + (row.weight + row.mac * batch) * macs;
  const saved = row.saved_call + row.saved_neuron * batch * units;
  return { step, saving: (100 * saved) / step };
}

// "ISRU: 18 % less time, give or take 6 percentage points". The error is rounded up.
function sentence(row, batch, features, units) {
  const { saving } = predicted(row, batch, features, units);
  const digits = row.error < 2 ? 1 : 0;
  const error = (Math.ceil(row.error * 10 ** digits) / 10 ** digits).toFixed(digits);
  const size = Math.abs(saving).toFixed(digits);
  const change = Number(size) === 0 ? "the same time" :
    `${size}\u00a0% ${saving < 0 ? "more" : "less"} time`;
  const doubt = Math.abs(saving) <= row.error ? ": too close to tell" : "";
  return `${row.arm}: ${change}, give or take ${error} percentage points${doubt}.`;
}

function duration(step, unit) {
  if (unit !== "ns") return `${Number(step.toPrecision(3)).toLocaleString("en")} ${unit}`;
  return `${(step / 1000).toPrecision(3)}\u00a0\u00b5s`;
}

// What an answer is extrapolated to, if anything.
function beyond(row, batch, features, units) {
  const found = [];
  if (units < row.units_low || units > row.units_high) {
    found.push(`${row.units_low} to ${row.units_high} units`);
  }
  if (batch > row.batch_high) found.push(`at most ${row.batch_high} sequences`);
  if (features !== row.features) found.push(`${row.features} features`);
  return found.length === 0 ? "" : ` What it rests on has ${found.join(" and ")}.`;
}

function describe(platform, phase, batch, features, units) {
  const rows = platform.phases[phase];
  const lines = rows.map((row) => sentence(row, batch, features, units));
  const { step } = predicted(rows[0], batch, features, units);
  lines.push(`With tanh a time step takes ${duration(step, platform.unit)}.` +
    beyond(rows[0], batch, features, units));
  return lines.join("\n");
}

// What is wrong with a field that is to hold a whole number in its range, in words; "" if nothing.
function fault(field) {
  const { least, most } = field.dataset;
  const number = /^[0-9]+$/.test(field.value) ? Number(field.value) : NaN;
  if (field.disabled || (number >= Number(least) && number <= Number(most))) return "";
  const got = field.value === "" ? "nothing" : `\u201c${field.value}\u201d`;
  return `${field.dataset.name}: expected a whole number from ${least} to ${most}, in digits ` +
    `alone, got ${got}.`;
}

// A platform may know one kind of step alone, or one sequence at a time: other choices are shut.
function fit(form, platform) {
  const { phase, batch } = form.elements;
  for (const option of phase.options) option.disabled = !(option.value in platform.phases);
  if (phase.selectedOptions[0].disabled) phase.value = Object.keys(platform.phases)[0];
  batch.disabled = platform.phases[phase.value].every((row) => row.batch_high === 1);
}

// An answer is for the numbers that the form holds. While it holds others than numbers, the last
// answer stays, marked, and the words below say what it is for and what is expected.
function follow(form) {
  const platforms = JSON.parse(form.dataset.case);
  const { units, batch, features } = form.elements;
  const fields = [units, batch, features];
  const [answer, told] = [form.querySelector("output"), form.querySelector(".isru-case-told")];
  let answered = "";
  const show = () => {
    const platform = platforms[form.elements.platform.value];
    fit(form, platform);
    const faults = fields.map(fault);
    fields.forEach((field, place) => field.setAttribute("aria-invalid", faults[place] !== ""));
    const wrong = faults.filter((words) => words !== "");
    answer.classList.toggle("isru-before", wrong.length > 0);
    if (wrong.length === 0) {
      const [n, b, f] = fields.map((field) => (field.disabled ? 1 : Number(field.value)));
      answer.textContent = describe(platform, form.elements.phase.value, b, f, n);
      answered = ` The answer above is that for ${n} units, ${b} sequences and ${f} features.`;
    }
    const alone = batch.disabled ? "Answers here are for one sequence at a time." : "";
    told.textContent = wrong.length > 0 ? wrong.join(" ") + answered : alone;
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  show();
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("form.isru-case").forEach(follow);
});
