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

function describe(form) {
  const cases = JSON.parse(form.dataset.case);
  const features = form.elements.features.valueAsNumber;
  const units = form.elements.units.valueAsNumber;
  if (!(features >= 1 && units >= 1)) {
    return "Features and units: whole numbers from 1 on.";
  }
  const found = predictedSaving(cases[form.elements.platform.value], features, units);
  const digits = Math.abs(found.saving) < 1 ? 2 : 1;
  const saving = found.saving.toFixed(digits).replace("-", "\u2212");
  const step = (found.step_ns / 1000).toPrecision(3);
  const sense = found.saving < 0 ? " A negative saving is a loss." : "";
  return `Predicted saving: ${saving}\u00a0% of a step of ${step}\u00a0\u00b5s.${sense}`;
}

document.addEventListener("DOMContentLoaded", () => {
  for (const form of document.querySelectorAll("form.isru-case")) {
    const output = form.querySelector("output");
    const show = () => { output.textContent = describe(form); };
    form.addEventListener("input", show);
    form.addEventListener("submit", (event) => event.preventDefault());
    show();
  }
});
