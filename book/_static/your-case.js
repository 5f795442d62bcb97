"use strict";

// Amdahl's law for one step of an LSTM with F features and N units. The step takes
// step_ns + unit_ns N + mac_ns MACs; each of the 2 N activations replaced saves saved_ns, and their
// calls save saved_step_ns however many units there are (a loss where ISRU needs more calls).
function predictedSaving(constants, features, units) {
  const macs = 4 * units * (features + units + 1) + 3 * units;
  const step = constants.step_ns + constants.unit_ns * units + constants.mac_ns * macs;
  const saved = constants.saved_step_ns + 2 * units * constants.saved_ns;
  return { step_ns: step, saving: (100 * saved) / step };
}

function describe(constants, features, units) {
  const found = predictedSaving(constants, features, units);
  const digits = Math.abs(found.saving) < 1 ? 2 : 1;
  const saving = found.saving.toFixed(digits).replace("-", "\u2212");
  const step = (found.step_ns / 1000).toPrecision(3);
  const sense = found.saving < 0 ? " A negative saving is a loss." : "";
  return `Predicted saving: ${saving}\u00a0% of a step of ${step}\u00a0\u00b5s.${sense}`;
}

// What is wrong with a field that is to hold a whole number in its range, in words; "" if nothing.
function fault(field) {
  const { least, most } = field.dataset;
  const number = /^[0-9]+$/.test(field.value) ? Number(field.value) : NaN;
  if (number >= Number(least) && number <= Number(most)) return "";
  const got = field.value === "" ? "nothing" : `\u201c${field.value}\u201d`;
  return `${field.dataset.name}: expected a whole number from ${least} to ${most}, in digits ` +
    `alone, got ${got}.`;
}

// An answer is for the numbers that the form holds. While it holds others than numbers, the last
// answer stays, marked, and the words below say what it is for and what is expected.
function follow(form) {
  const cases = JSON.parse(form.dataset.case);
  const fields = [form.elements.features, form.elements.units];
  const [answer, told] = [form.querySelector("output"), form.querySelector(".isru-case-told")];
  let answered = "";
  const show = () => {
    const faults = fields.map(fault);
    fields.forEach((field, place) => field.setAttribute("aria-invalid", faults[place] !== ""));
    const wrong = faults.filter((words) => words !== "");
    answer.classList.toggle("isru-before", wrong.length > 0);
    if (wrong.length === 0) {
      const [features, units] = fields.map((field) => Number(field.value));
      answer.textContent = describe(cases[form.elements.platform.value], features, units);
      answered = ` The answer above is that for ${features} features and ${units} units.`;
    }
    told.textContent = wrong.length > 0 ? wrong.join(" ") + answered : "";
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("form.isru-case").forEach(follow);
});
