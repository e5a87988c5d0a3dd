//<![CDATA[
"use strict";
// What a reader can do with a figure, by its kind. Each function takes the figure's data and gives
// an element that stands in for the picture; where this script does not run, the picture stands.
const KINDS = new Map([["points-2d", points2d], ["points-3d", points3d], ["traversal", traversal]]);

document.addEventListener("DOMContentLoaded", () => {
  for (const figure of document.querySelectorAll("figure[data-live]")) {
    const make = KINDS.get(figure.dataset.live);
    if (!make) continue;
    const data = JSON.parse(figure.querySelector("script").textContent);
    figure.querySelector(".zoom").before(make(data));
    figure.classList.add("live");
  }
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const box of document.querySelectorAll(".zoom :checked")) box.checked = false;
    if (document.activeElement.matches(".term")) document.activeElement.blur();
  });
  document.querySelectorAll("details.sign").forEach(sign);
  document.querySelectorAll("section.training").forEach(toggles);
  document.querySelectorAll("pre.again").forEach(again);
});

// An element with these properties and children.
function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// Buttons that hide and show a run's curves in every plot of a section; so does its name in a legend.
function toggles(section) {
  const runs = new Map();
  for (const plot of section.querySelectorAll(".curves svg")) {
    for (const line of plot.querySelectorAll("path.series-line")) {
      const label = line.nextElementSibling, { series } = line.dataset;
      if (label?.localName !== "text") continue;
      if (!runs.has(series)) runs.set(series, { label: label.textContent, line, legend: [] });
      runs.get(series).legend.push(line, label);
    }
  }
  if (runs.size < 2) return;
  const group = element("div", { className: "runs" });
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Runs; press one to hide or show its curves");
  function press(button, on) {
    button.setAttribute("aria-pressed", String(on));
    const { legend } = runs.get(button.dataset.series);
    legend.forEach(part => part.classList.toggle("faded", !on));
    for (const part of section.querySelectorAll(`.curves path[data-series="${button.dataset.series}"]`)) {
      if (!legend.includes(part)) part.classList.toggle("off", !on);
    }
  }
  const shown = button => button.getAttribute("aria-pressed") === "true";
  const buttons = [...runs].map(([series, { label, line, legend }]) => {
    const swatch = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const [start, top] = line.getAttribute("d").match(/[\d.]+/g);
    const set = Object.entries({ viewBox: `${start} ${top - 4} 18 8`, width: 18, height: 8, "aria-hidden": "true" });
    set.forEach(([key, value]) => swatch.setAttribute(key, value));
    swatch.append(line.cloneNode());
    const button = element("button", { type: "button" }, swatch, label);
    button.dataset.series = series;
    press(button, true);
    button.addEventListener("click", () => press(button, !shown(button)));
    legend.forEach(part => {
      part.style.cursor = "pointer";
      part.addEventListener("click", () => press(button, !shown(button)));
    });
    return button;
  });
  const all = element("button", { type: "button" }, "All"), none = element("button", { type: "button" }, "None");
  all.addEventListener("click", () => buttons.forEach(button => press(button, true)));
  none.addEventListener("click", () => buttons.forEach(button => press(button, false)));
  group.append(...buttons, all, none);
  section.querySelector("h2 + p").after(group);
}

// Text into the clipboard, else selected; gives the words that say which.
async function copied(text, select) {
  select();
  try {
    await navigator.clipboard.writeText(text);
    return "Copied.";
  } catch {
    return "Selected: copy it with your browser.";
  }
}

// A button for each line of commands, which copies it.
function again(place) {
  const list = element("div", { className: "again" }), state = element("p", { className: "small" });
  state.setAttribute("role", "status");
  for (const line of place.textContent.split("\n").filter(Boolean)) {
    const words = element("pre", { className: "command" }, line);
    const button = element("button", { type: "button" }, "Copy");
    button.setAttribute("aria-label", `Copy: ${line}`);
    button.addEventListener("click", async () => {
      state.textContent = await copied(line, () => getSelection().selectAllChildren(words));
    });
    list.append(element("div", {}, words, button));
  }
  list.append(state);
  place.replaceWith(list);
}

// A form that writes what a person says of a figure as the file of reviews has it.
function sign(place) {
  const { spec, tier, figure, digest } = place.dataset;
  const name = `verdict-${figure}`, file = `reports/reviews/${spec}.toml`;
  const choice = (value, label) =>
    element("label", {}, element("input", { type: "radio", name, value }), label);
  const verdict = element("fieldset", {}, element("legend", {}, "The figure"),
    choice("accept", "shows what the paper says"), choice("reject", "does not"));
  const field = label => {
    const input = element("input", { type: "text", autocomplete: "off" });
    return [input, element("label", {}, `${label} `, input)];
  };
  const [reviewer, whose] = field("Your name"), [note, seen] = field("What you saw");
  const output = element("textarea", { readOnly: true, rows: 9, spellcheck: false, className: "toml" });
  output.setAttribute("aria-label", `Text for ${file}`);
  const copy = element("button", { type: "button" }, "Copy"), state = element("span", { className: "small" });
  state.setAttribute("role", "status");

  // As TOML writes a string; what a line cannot hold is a space.
  const quoted = text => JSON.stringify(text.replace(/[\p{Cc}\p{Cs}]+/gu, " ").trim());
  function write() {
    const said = verdict.querySelector(":checked")?.value ?? "";
    const missing = [said ? "" : "a verdict", reviewer.value.trim() ? "" : "your name",
      said === "reject" && !note.value.trim() ? "the reason" : ""].filter(Boolean);
    copy.disabled = missing.length !== 0;
    state.textContent = missing.length ? `Still to be given: ${missing.join(", ")}.` : "";
    const today = new Date().toISOString().slice(0, 10);
    const pairs = { figure, tier, digest, verdict: said, reviewer: reviewer.value, date: today, note: note.value };
    output.value = missing.length ? "" : `[[review]]\n${Object.entries(pairs)
      .map(([key, value]) => `${key} = ${quoted(value)}\n`).join("")}`;
  }
  copy.addEventListener("click", async () => {
    state.textContent = await copied(output.value, () => output.select());
  });
  const form = element("div", { className: "form" }, verdict, whose, seen, output,
    element("p", {}, copy, " ", state),
    element("p", { className: "small" }, `Paste the text at the end of ${file} and run \u201cae check\u201d; or type the command above.`));
  form.addEventListener("input", write);
  place.append(form);
  write();
}

// Points on planes, a plane a run.
function points2d(data) {
  return points(data, plane, "Point at a dot to see its image, or choose a panel and press the arrow keys, or move the slider. A press on a class hides it.");
}

// Points in cubes, a cube a run, which turn.
function points3d(data) {
  return points(data, cube, "Drag a cube to turn it, or choose it and press the arrow keys; Home turns it back. Point at a dot to see its image, or move the slider. A press on a class hides it.");
}

// A panel a run, and a legend whose entries hide a class.
function points(data, make, how) {
  const hidden = new Set(), picture = album(data.sprites);
  const panels = data.panels.map(panel => make(data, panel, hidden, picture));
  const legend = element("div", { className: "legend" });
  legend.setAttribute("role", "group");
  legend.setAttribute("aria-label", "Classes; press one to hide or show its points");
  data.classes.forEach((kind, index) => {
    const swatch = element("span", { className: "swatch" });
    swatch.style.background = kind.colour;
    const entry = element("button", { type: "button" }, swatch, kind.label);
    entry.setAttribute("aria-pressed", "true");
    entry.addEventListener("click", () => {
      if (!hidden.delete(index)) hidden.add(index);
      entry.setAttribute("aria-pressed", String(!hidden.has(index)));
      panels.forEach(one => one.draw());
    });
    legend.append(entry);
  });
  return element("div", { className: "turnable" }, legend,
    element("div", { className: "cubes" }, ...panels.map(one => one.root)),
    element("p", { className: "small" }, data.sprites ? `${how} There are images of the first ${data.sprites.count}.` : how));
}

// The small picture of a test image, if the sheet has it, as a function of its number.
function album(sprites) {
  if (!sprites) return () => null;
  const { width, height, columns, count } = sprites;
  const sheet = element("img", { src: `data:image/png;base64,${sprites.sheet}` });
  return number => {
    if (number >= count) return null;
    const made = element("canvas", { width, height });
    sheet.decode().then(() => made.getContext("2d").drawImage(sheet, number % columns * width,
      Math.floor(number / columns) * height, width, height, 0, 0, width, height));
    return made;
  };
}

// Lets a reader choose one of the points on a canvas that have an image, or of all where none has,
// by pointer, slider or `step`; shows its image.
// `places` gives the points that are shown as [across, along, index], in pixels.
function chooser(data, panel, canvas, picture, places, redraw) {
  const left = new Set(panel.left_out), numbers = [];
  for (let number = 0; numbers.length !== panel.points.length; number += 1) {
    if (!left.has(number)) numbers.push(number);
  }
  const most = data.sprites ? data.sprites.count : Infinity;
  const count = numbers.filter(number => number < most).length;
  const eligible = () => places().filter(place => place[2] < count);
  const tip = element("div", { className: "tip", hidden: true }), said = element("output", { className: "small" });
  const slider = element("input", { type: "range", min: 0, max: Math.max(0, count - 1), step: 1, value: 0, disabled: !count });
  slider.setAttribute("aria-label", `Test image: ${panel.title}`);
  slider.setAttribute("aria-valuetext", "none is chosen");
  let chosen = null;

  function show(index) {
    if (index !== chosen) {
      chosen = index;
      canvas.dataset.chosen = index ?? "";
      const words = index === null ? "" : `test image ${numbers[index]}: ${data.classes[panel.points[index].at(-1)].label}`;
      said.textContent = words;
      if (index !== null) {
        slider.value = index;
        slider.setAttribute("aria-valuetext", words);
        const image = picture(numbers[index]);
        tip.replaceChildren(...(image ? [image] : []), element("span", {}, words));
      }
      redraw();
    }
  }

  // A ring about the chosen point, and its image beside it, within the canvas.
  function mark(pen) {
    const at = places().find(place => place[2] === chosen);
    tip.hidden = !at;
    if (!at) return;
    pen.beginPath();
    pen.arc(at[0], at[1], 7, 0, 7);
    pen.strokeStyle = "#24292f";
    pen.lineWidth = 2;
    pen.stroke();
    const wide = canvas.clientWidth, high = canvas.clientHeight;
    tip.style.left = `${Math.min(at[0] + 14, wide - tip.offsetWidth)}px`;
    tip.style.top = `${at[1] + 14 + tip.offsetHeight > high ? at[1] - 14 - tip.offsetHeight : at[1] + 14}px`;
  }

  // The nearest point to a place, of those that `fits` likes, at most so many pixels away.
  function nearest(across, along, farthest, fits = () => true) {
    let found = null, least = farthest;
    for (const [x, y, index] of eligible()) {
      const far = Math.hypot(x - across, y - along);
      if (far < least && fits(x - across, y - along)) [found, least] = [index, far];
    }
    return found;
  }

  // From the chosen point, or the middle, to the nearest one that way.
  function step(right, down) {
    const from = places().find(place => place[2] === chosen) ?? [canvas.clientWidth / 2, canvas.clientHeight / 2];
    const fits = (x, y) => x * right + y * down > (Math.abs(x * down) + Math.abs(y * right)) / 2;
    const index = nearest(from[0], from[1], Infinity, fits);
    if (index !== null) show(index);
  }

  slider.addEventListener("input", () => show(Number(slider.value)));
  canvas.addEventListener("pointermove", event => {
    if (event.buttons && event.pointerType === "mouse") return;
    const box = canvas.getBoundingClientRect();
    show(nearest(event.clientX - box.left, event.clientY - box.top, 14));
  });
  canvas.addEventListener("pointerdown", event => {
    const box = canvas.getBoundingClientRect();
    const index = nearest(event.clientX - box.left, event.clientY - box.top, 14);
    if (index !== null) show(index);
  });
  canvas.addEventListener("pointerleave", event => {
    if (event.pointerType === "mouse") show(null);
  });
  canvas.addEventListener("keydown", event => {
    if (event.key === "Escape") show(null);
  });
  const stage = element("div", { className: "stage" }, canvas, tip);
  const control = element("label", { className: "point" }, "Test image ", slider);
  return { stage, parts: [control, said], mark, step };
}

// A canvas of the size at which it is shown, and its pen; null where it is not shown.
function prepared(canvas) {
  const side = canvas.clientWidth, sharp = window.devicePixelRatio || 1;
  if (!side) return null;
  canvas.width = canvas.height = Math.round(side * sharp);
  const pen = canvas.getContext("2d");
  pen.scale(sharp, sharp);
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  return pen;
}

// The names of classes at their places, in their colours.
function entitle(pen, data, hidden, names) {
  pen.globalAlpha = 1;
  pen.font = "bold 15px sans-serif";
  pen.lineWidth = 4;
  pen.strokeStyle = "#ffffff";
  for (const [place, kind] of names) {
    if (hidden.has(kind)) continue;
    pen.fillStyle = data.classes[kind].colour;
    pen.strokeText(data.classes[kind].label, ...place);
    pen.fillText(data.classes[kind].label, ...place);
  }
}

// A canvas that draws one run's points in a square.
function plane(data, panel, hidden, picture) {
  const canvas = element("canvas", { tabIndex: 0 });
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", `${panel.title}: ${panel.points.length} codes in a plane; the arrow keys go from one to the next`);
  const edge = 22;  // pixels, for the names of the axes
  const at = ([x, y]) => {
    const half = (canvas.clientWidth - edge) / 2;
    return [edge + half * (1 + x / data.steps), half * (1 - y / data.steps)];
  };
  const places = () => panel.points.flatMap(([x, y, kind], index) =>
    hidden.has(kind) ? [] : [[...at([x, y]), index]]);
  const choice = chooser(data, panel, canvas, picture, places, draw);

  function draw() {
    const pen = prepared(canvas), side = canvas.clientWidth;
    if (!pen) return;
    pen.strokeStyle = "#a3adb8";
    pen.strokeRect(edge + 0.5, 0.5, side - edge - 1, side - edge - 1);
    pen.fillStyle = "#59636e";
    pen.font = "13px sans-serif";
    pen.fillText(data.axes[0], (side + edge) / 2, side - edge / 2);
    pen.save();
    pen.translate(edge / 2, (side - edge) / 2);
    pen.rotate(-Math.PI / 2);
    pen.fillText(data.axes[1], 0, 0);
    pen.restore();
    pen.globalAlpha = 0.65;
    const size = panel.points.length > 2000 ? 1.4 : 2;
    for (const [x, y, index] of places()) {
      pen.fillStyle = data.classes[panel.points[index][2]].colour;
      pen.beginPath();
      pen.arc(x, y, size, 0, 7);
      pen.fill();
    }
    entitle(pen, data, hidden, panel.names.map(([x, y, kind]) => [at([x, y]), kind]));
    choice.mark(pen);
  }

  const ways = new Map([["ArrowLeft", [-1, 0]], ["ArrowRight", [1, 0]], ["ArrowUp", [0, -1]], ["ArrowDown", [0, 1]]]);
  canvas.addEventListener("keydown", event => {
    const way = ways.get(event.key);
    if (!way) return;
    choice.step(...way);
    event.preventDefault();
  });
  canvas.style.cursor = "crosshair";
  new ResizeObserver(draw).observe(canvas);
  const root = element("div", {}, element("p", { className: "run" }, panel.title), choice.stage, ...choice.parts,
    element("p", { className: "small" }, `${panel.note}.`));
  return { root, draw };
}

// A canvas that draws one run's points as they are seen after a turn and a tilt, in radians.
function cube(data, panel, hidden, picture) {
  const [turn0, tilt0] = data.view;
  let turn = turn0, tilt = tilt0;
  const canvas = element("canvas", { tabIndex: 0 });
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", `${panel.title}: ${panel.points.length} codes in a cube that the arrow keys turn`);

  // As ae/figures/latent.py projects: right, up, towards the eye.
  function project(x, y, z) {
    const [c, s, k, t] = [Math.cos(turn), Math.sin(turn), Math.cos(tilt), Math.sin(tilt)];
    const away = s * x + c * y;
    return [c * x - s * y, k * z + t * away, t * z - k * away];
  }

  const seenFrom = ([x, y, z]) => project(x / data.steps, y / data.steps, z / data.steps);
  const at = ([right, up]) => {
    const middle = canvas.clientWidth / 2, unit = middle / data.span;
    return [middle + unit * right, middle - unit * up];
  };
  const places = () => panel.points.flatMap((point, index) =>
    hidden.has(point[3]) ? [] : [[...at(seenFrom(point)), index]]);
  const choice = chooser(data, panel, canvas, picture, places, draw);

  function draw() {
    canvas.dataset.turn = turn.toFixed(3);
    canvas.dataset.tilt = tilt.toFixed(3);
    const pen = prepared(canvas), side = canvas.clientWidth;
    if (!pen) return;
    outline(pen, at);
    const seen = panel.points.filter(point => !hidden.has(point[3]))
      .map(point => [seenFrom(point), point[3]])
      .sort((one, other) => one[0][2] - other[0][2]);
    for (const [place, kind] of seen) {
      pen.globalAlpha = 0.6 + 0.2 * place[2];
      pen.fillStyle = data.classes[kind].colour;
      pen.beginPath();
      pen.arc(...at(place), Math.max(1.2, side / 170) * (1 + 0.25 * place[2]), 0, 7);
      pen.fill();
    }
    const names = panel.names.map(([x, y, z, kind]) => [at(seenFrom([x, y, z])), kind]);
    entitle(pen, data, hidden, names);
    choice.mark(pen);
  }

  // The cube's edges, and each axis's name beside the lower of its two outermost edges.
  function outline(pen, at) {
    pen.strokeStyle = "#a3adb8";
    pen.fillStyle = "#59636e";
    pen.lineWidth = 1;
    pen.font = "13px sans-serif";
    for (let axis = 0; axis !== 3; axis += 1) {
      let far = [0, 0];
      for (const [a, b] of [[-1, -1], [-1, 1], [1, -1], [1, 1]]) {
        const edge = [[a, b], [a, b], [a, b]][axis], end = sign => {
          const place = [...edge];
          place.splice(axis, 0, sign);
          return project(...place);
        };
        pen.beginPath();
        pen.moveTo(...at(end(-1)));
        pen.lineTo(...at(end(1)));
        pen.stroke();
        const middle = end(0);
        if (Math.hypot(middle[0], middle[1]) > Math.hypot(...far) + 1e-9) far = middle.slice(0, 2);
      }
      const way = (1 + 0.2 / Math.hypot(...far)) * (far[1] > 0 ? -1 : 1);
      const [across, along] = at([way * far[0], way * far[1]]);
      const half = pen.measureText(data.axes[axis]).width / 2 + 2, side = canvas.clientWidth;
      pen.fillText(data.axes[axis], Math.min(side - half, Math.max(half, across)), along);
    }
  }

  function rotate(right, up) {
    turn += right;
    tilt = Math.min(Math.PI / 2, Math.max(-Math.PI / 2, tilt + up));
    draw();
  }

  function reset() {
    [turn, tilt] = [turn0, tilt0];
    draw();
  }

  const keys = new Map([["ArrowLeft", [-0.1, 0]], ["ArrowRight", [0.1, 0]], ["ArrowUp", [0, -0.1]], ["ArrowDown", [0, 0.1]]]);
  canvas.addEventListener("keydown", event => {
    const way = keys.get(event.key);
    if (event.key === "Home") reset();
    else if (way) rotate(...way);
    else return;
    event.preventDefault();
  });
  let held = null;
  canvas.addEventListener("pointerdown", event => {
    held = [event.clientX, event.clientY];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", event => {
    if (!held) return;
    rotate((event.clientX - held[0]) / 120, (event.clientY - held[1]) / 120);
    held = [event.clientX, event.clientY];
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { held = null; });
  new ResizeObserver(draw).observe(canvas);

  const step = Math.PI / 12;
  const button = (sign, label, act) => {
    const made = element("button", { type: "button" }, sign);
    made.setAttribute("aria-label", `${label}: ${panel.title}`);
    made.addEventListener("click", act);
    return made;
  };
  const controls = element("div", { className: "controls" },
    button("\u2190", "Turn left", () => rotate(-step, 0)), button("\u2192", "Turn right", () => rotate(step, 0)),
    button("\u2191", "Tilt up", () => rotate(0, -step)), button("\u2193", "Tilt down", () => rotate(0, step)),
    button("Reset", "Turn back", reset));
  const root = element("div", {}, element("p", { className: "run" }, panel.title), choice.stage, controls, ...choice.parts,
    element("p", { className: "small" }, `${panel.note}.`));
  return { root, draw };
}

// Pictures of codes whose numbers move one by one, a block a run.
function traversal(data) {
  return element("div", { className: "turnable" },
    element("div", { className: "walks" }, ...data.panels.map(panel => walk(data, panel))),
    element("p", { className: "small" }, `The slider moves every number by itself, the others as the code of test image ${data.image} has them. Move a pointer or a finger across one picture to move that number alone.`));
}

// One run: a slider for all its numbers, a choice of seeds, and a picture for each number.
function walk(data, panel) {
  const last = data.steps - 1, sheets = new Map();
  const value = frame => (data.span * (2 * frame / last - 1)).toFixed(2);
  let shown = panel.seeds[0], cells = [], timer = null, way = 1;
  const slider = element("input", { type: "range", min: 0, max: last, step: 1, value: last >> 1 });
  slider.setAttribute("aria-label", `Each number of the code: ${panel.title}`);
  const grid = element("div", { className: "cells" }), note = element("p", { className: "small" });

  function sheet() {
    if (!sheets.has(shown)) {
      const made = element("img", { src: `data:image/png;base64,${shown.sheet}` });
      made.addEventListener("load", move);
      sheets.set(shown, made);
    }
    return sheets.get(shown);
  }

  function move() {
    slider.setAttribute("aria-valuetext", `at ${value(slider.value)}`);
    cells.forEach(one => one.show(Number(slider.value)));
  }

  // The number of one row of the sheet: its picture, its name and what was measured of it.
  function cell(row, index) {
    const canvas = element("canvas", { width: data.width, height: data.height });
    const place = element("strong", {});
    canvas.setAttribute("role", "img");
    function show(frame) {
      const image = sheet();
      canvas.dataset.frame = frame;
      canvas.setAttribute("aria-label", `${row.name} at ${value(frame)}`);
      place.textContent = `${row.name} = ${value(frame)}`;
      if (!image.complete || !image.naturalWidth) return;
      canvas.getContext("2d").drawImage(image, frame * data.width, index * data.height,
        data.width, data.height, 0, 0, data.width, data.height);
    }
    canvas.addEventListener("pointermove", event => {
      const box = canvas.getBoundingClientRect();
      const share = (event.clientX - box.left) / box.width;
      show(Math.min(last, Math.max(0, Math.floor(share * data.steps))));
    });
    for (const end of ["pointerleave", "pointercancel"]) {
      canvas.addEventListener(end, () => show(Number(slider.value)));
    }
    const root = element("div", {}, canvas, element("p", {}, place),
      ...row.said.map(said => element("p", { className: "small" }, said)));
    return { root, show };
  }

  function choose(index) {
    shown = panel.seeds[index];
    cells = shown.rows.map(cell);
    grid.replaceChildren(...cells.map(one => one.root));
    note.textContent = shown.note;
    move();
  }

  const play = element("button", { type: "button" }, "Play");
  play.setAttribute("aria-label", `Play: ${panel.title}`);
  function pause() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
    play.setAttribute("aria-label", `Play: ${panel.title}`);
  }
  play.addEventListener("click", () => {
    if (timer !== null) {
      pause();
      return;
    }
    play.textContent = "Pause";
    play.setAttribute("aria-label", `Pause: ${panel.title}`);
    timer = setInterval(() => {
      if (Number(slider.value) + way > last || Number(slider.value) + way < 0) way = -way;
      slider.value = Number(slider.value) + way;
      move();
    }, 150);
  });
  slider.addEventListener("input", () => {
    pause();
    move();
  });
  const seeds = element("select", {},
    ...panel.seeds.map((one, index) => element("option", { value: index }, `seed ${one.seed}`)));
  seeds.setAttribute("aria-label", `Seed: ${panel.title}`);
  seeds.addEventListener("change", () => choose(Number(seeds.value)));
  choose(0);
  return element("div", {}, element("p", { className: "run" }, panel.title),
    element("div", { className: "controls" }, play, slider, seeds), note, grid);
}
//]]>
