// "Move alpha and k": draws f_alpha(k x) = k x / sqrt(1 + alpha (k x)^2) over tanh, and what is
// left between them. The page holds tanh, the presets and the colours as JSON; nothing is fetched.
(function () {
  "use strict";

  const WIDTH = 640;
  const PANELS = [
    { top: 12, height: 216, low: -1.6, high: 1.6, ticks: [-1, 0, 1], title: "output" },
    { top: 258, height: 128, low: -0.2, high: 0.2, ticks: [-0.1, 0, 0.1], title: "tanh \u2212 ISRU" },
  ];
  const LEFT = 62;
  const RIGHT = 12;
  const HEIGHT = 430;

  function element(name, attributes, text) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key of Object.keys(attributes)) node.setAttribute(key, attributes[key]);
    if (text !== undefined) node.textContent = text;
    return node;
  }

  function start(box) {
    if (box.dataset.ready) return;
    box.dataset.ready = "yes";
    const data = JSON.parse(box.querySelector("script").textContent);
    const span = data.x[data.x.length - 1];
    const inputs = { alpha: box.querySelector("[name=alpha]"), k: box.querySelector("[name=k]") };
    const shown = { alpha: box.querySelector(".alpha-value"), k: box.querySelector(".k-value") };
    // Where the sliders stand: a browser may keep them when a page is loaded again.
    const state = { alpha: Number(inputs.alpha.value), k: Number(inputs.k.value) };
    const report = box.querySelector(".report");

    const across = (x) => LEFT + ((x + span) / (2 * span)) * (WIDTH - LEFT - RIGHT);
    const up = (panel, y) =>
      panel.top + ((panel.high - y) / (panel.high - panel.low)) * panel.height;
    const path = (panel, ys) =>
      ys.map((y, i) => (i ? "L" : "M") + across(data.x[i]).toFixed(1) + " " +
        up(panel, Math.max(panel.low, Math.min(panel.high, y))).toFixed(1)).join("");

    const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
    svg.style.cssText = "display:block;width:100%;height:auto;font:13px sans-serif";
    PANELS.forEach((panel) => axes(svg, panel, span, across, up));
    const curve = (colour, width) =>
      svg.appendChild(element("path", { fill: "none", stroke: colour, "stroke-width": width }));
    const tanh = curve(data.colours.tanh, 2.5);
    const member = curve(data.colours.isru, 2.5);
    const rest = curve(data.colours.isru, 2.5);
    tanh.setAttribute("d", path(PANELS[0], data.tanh));
    const names = [["tanh", data.colours.tanh, 40], ["ISRU with \u03b1 and k", data.colours.isru, 60]];
    names.forEach(([text, fill, y]) =>
      svg.appendChild(element("text", { x: LEFT + 12, y, fill, "font-weight": "bold" }, text)));
    box.querySelector(".drawing").replaceChildren(svg);

    function draw() {
      const { alpha, k } = state;
      const values = data.x.map((x) => (k * x) / Math.sqrt(1 + alpha * k * k * x * x));
      const left = data.tanh.map((y, i) => y - values[i]);
      let worst = 0;
      left.forEach((d, i) => { if (Math.abs(d) > Math.abs(left[worst])) worst = i; });
      member.setAttribute("d", path(PANELS[0], values));
      rest.setAttribute("d", path(PANELS[1], left));
      shown.alpha.textContent = alpha.toFixed(3);
      shown.k.textContent = k.toFixed(3);
      const limit = 1 / Math.sqrt(alpha);
      report.textContent =
        `Largest distance from tanh on [\u2212${span}, ${span}]: ` +
        `${Math.abs(left[worst]).toFixed(4)}, at x = \u00b1${Math.abs(data.x[worst]).toFixed(2)}. ` +
        `Slope at 0: ${k.toFixed(3)}. Limits: \u00b1${limit.toFixed(3)}.`;
      svg.setAttribute("aria-label",
        `tanh and the ISRU with alpha ${alpha.toFixed(3)} and k ${k.toFixed(3)}; below, their ` +
        `difference. ${report.textContent}`);
    }

    Object.entries(inputs).forEach(([name, input]) =>
      input.addEventListener("input", () => {
        state[name] = Number(input.value);
        draw();
      }));
    box.querySelectorAll("button").forEach((button) =>
      button.addEventListener("click", () => {
        for (const name of Object.keys(inputs)) {
          state[name] = Number(button.dataset[name]);
          inputs[name].value = state[name]; // rounded to the slider's step, unlike the state
        }
        draw();
      }));
    draw();
    box.querySelector(".controls").hidden = false;
  }

  function axes(svg, panel, span, across, up) {
    const bottom = panel.top + panel.height;
    const line = (x1, y1, x2, y2, stroke) =>
      svg.appendChild(element("line", { x1, y1, x2, y2, stroke }));
    const write = (x, y, anchor, text) =>
      svg.appendChild(element("text", { x, y, "text-anchor": anchor, fill: "#222" }, text));
    panel.ticks.forEach((tick) => {
      line(LEFT, up(panel, tick), WIDTH - RIGHT, up(panel, tick), tick ? "#ddd" : "#999");
      write(LEFT - 7, up(panel, tick) + 4, "end", String(tick).replace("-", "\u2212"));
    });
    for (let x = -span + 1; x < span; x += 2) {
      line(across(x), panel.top, across(x), bottom, "#eee");
      write(across(x), bottom + 17, "middle", String(x).replace("-", "\u2212"));
    }
    line(LEFT, panel.top, LEFT, bottom, "#222");
    line(LEFT, bottom, WIDTH - RIGHT, bottom, "#222");
    const middle = panel.top + panel.height / 2;
    const title = write(0, 0, "middle", panel.title);
    title.setAttribute("transform", `translate(14 ${middle}) rotate(-90)`);
    if (panel === PANELS[1]) write((LEFT + WIDTH - RIGHT) / 2, bottom + 38, "middle", "input x");
  }

  function startAll() {
    document.querySelectorAll(".alpha-slider").forEach(start);
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startAll);
  else startAll();
})();
