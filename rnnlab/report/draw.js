// "Draw": a recurrent network reads an image, and the page shows what it holds and answers meanwhile.
// The first half computes what rnnlab/networks/network.py does, the second half is the page.
"use strict";
const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

// 16-bit floats, little endian: a sign, five bits of exponent, ten of fraction
function halves(bytes) {
  return Float32Array.from({ length: bytes.length / 2 }, (_, place) => {
    const bits = bytes[2 * place] | (bytes[2 * place + 1] << 8);
    const exponent = (bits >> 10) & 31, fraction = bits & 1023;
    const size = exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction;
    return bits >> 15 ? -size : size;
  });
}

// the weights of each member of the ensemble, by torch's names
function unpacked(network) {
  const numbers = halves(bytesOf(network.weights)), members = [];
  let at = 0;
  for (const [member, name, size] of network.tensors) {
    (members[member] ??= {})[name] = numbers.subarray(at, at + size);
    at += size;
  }
  return members;
}

const sigma = (x) => 1 / (1 + Math.exp(-x));
const largest = (numbers) => numbers.reduce((x, y) => Math.max(x, y));
const total = (numbers) => numbers.reduce((x, y) => x + y);

// W x + b
function affine(W, x, b) {
  return Float64Array.from({ length: W.length / x.length }, (_, row) => {
    let sum = b ? b[row] : 0;
    for (let column = 0; column < x.length; column++) sum += W[row * x.length + column] * x[column];
    return sum;
  });
}

// The next state of unit j. a = W_ih x_t + b_ih and b = W_hh h_{t-1} + b_hh hold one block of H
// numbers for each gate, in torch's order; h and c are the unit's state before.
const CELLS = {
  // h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), or relu
  rnn: (a, b, j, H, h, c, relu) => [relu ? Math.max(0, a[j] + b[j]) : Math.tanh(a[j] + b[j]), 0],
  lstm: (a, b, j, H, h, c) => {
    const sum = (gate) => a[gate * H + j] + b[gate * H + j];
    // i_t, f_t, o_t = σ(…): input, forget and output gate; g_t = tanh(…): candidate
    const i = sigma(sum(0)), f = sigma(sum(1)), g = Math.tanh(sum(2)), o = sigma(sum(3));
    // c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t;  h_t = o_t ⊙ tanh(c_t)
    const next = f * c + i * g;
    return [o * Math.tanh(next), next];
  },
  gru: (a, b, j, H, h) => {
    // r_t, z_t = σ(…): reset and update gate
    const r = sigma(a[j] + b[j]), z = sigma(a[H + j] + b[H + j]);
    // n_t = tanh(W_in x_t + b_in + r_t ⊙ (W_hn h_{t-1} + b_hn)): candidate
    const n = Math.tanh(a[2 * H + j] + r * b[2 * H + j]);
    // h_t = (1 - z_t) ⊙ n_t + z_t ⊙ h_{t-1}
    return [(1 - z) * n + z * h, 0];
  },
};

// the states of one layer in one direction, in the order of its inputs
function direction(network, weights, name, inputs) {
  const H = network.hidden, cell = CELLS[network.cell], relu = network.nonlinearity === "relu";
  const of = (kind) => weights[`recurrent.${kind}_${name}`];
  let [h, c] = [new Float64Array(H), new Float64Array(H)];
  return inputs.map((x) => {
    const a = affine(of("weight_ih"), x, of("bias_ih")), b = affine(of("weight_hh"), h, of("bias_hh"));
    const next = [new Float64Array(H), new Float64Array(H)];
    for (let j = 0; j < H; j++) [next[0][j], next[1][j]] = cell(a, b, j, H, h[j], c[j], relu);
    return ([h, c] = next)[0];
  });
}

// the states of all layers, [layers][steps]; each layer reads the one below it
function states(network, weights, sequence) {
  const all = [];
  for (let layer = 0; layer < network.layers; layer++) {
    const inputs = layer ? all[layer - 1] : sequence;
    const ahead = direction(network, weights, `l${layer}`, inputs);
    const back = network.bidirectional
      && direction(network, weights, `l${layer}_reverse`, [...inputs].reverse()).reverse();
    all.push(back ? ahead.map((h, step) => Float64Array.of(...h, ...back[step])) : ahead);
  }
  return all;
}

// what the head gets of the last layer's states: the last one, their mean or their maximum
function pooled(network, top) {
  const last = top[top.length - 1], H = network.hidden;
  // the half that reads backwards ends at the first step
  if (network.pooling === "last") return last.map((h, j) => (j < H ? h : top[0][j]));
  const over = (j) => top.map((h) => h[j]);
  if (network.pooling === "max") return last.map((_, j) => largest(over(j)));
  return last.map((_, j) => total(over(j)) / top.length);
}

function softmax(logits) {
  const top = largest(logits), powers = logits.map((x) => Math.exp(x - top)), sum = total(powers);
  return powers.map((x) => x / sum);
}

// Pixels, 0 to 255, as a sequence of inputs: [steps][features]; an order names the pixel at each place
function sequenceOf(network, pixels, order) {
  const laid = (order.pixels ?? Array.from(pixels, (_, place) => place)).map(
    (place) => (pixels[place] - network.shift) / network.scale);
  const steps = Array.from({ length: laid.length / network.features }, (_, step) =>
    laid.slice(step * network.features, (step + 1) * network.features));
  return order.backwards ? steps.reverse() : steps;
}

// A function of a number of steps: what the network holds and answers when it has read so many.
// A network that reads in one direction does so once; the backward half of a bidirectional one
// begins at the last step so far, so that it reads anew.
function reader(network, members, sequence) {
  const read = (steps) => members.map((weights) => states(network, weights, steps));
  const whole = network.bidirectional ? null : read(sequence);
  return (count) => {
    const held = whole ?? read(sequence.slice(0, count));
    const logits = held.map((layers, member) => affine(members[member]["head.weight"],
      pooled(network, layers[layers.length - 1].slice(0, count)), members[member]["head.bias"]));
    // an ensemble's answer is the mean of its members' probabilities
    const chances = logits.map(softmax).reduce((x, y) => x.map((p, k) => p + y[k]));
    return { states: held[0].map((layer) => layer.slice(0, count)), logits,
      chances: chances.map((p) => p / members.length) };
  };
}

// A drawing as MNIST's images were made: in a box of 20×20, its centre of mass in the middle of 28×28.
// ink: [rows × columns], 0 to 1; null where there is none.
function prepared(ink, width, [rows, columns]) {
  const marked = [...ink.keys()].filter((place) => ink[place] > 0.1);
  if (!marked.length) return null;
  const range = (of) => marked.reduce(([a, b], at) => [Math.min(a, of(at)), Math.max(b, of(at))], [1e9, -1]);
  const [top, bottom] = range((at) => Math.floor(at / width)), [left, right] = range((at) => at % width);
  const scale = Math.min(rows / (bottom - top + 1), columns / (right - left + 1)) * (20 / 28);
  const [height, across] = [bottom - top, right - left].map((side) => Math.max(1, Math.round((side + 1) * scale)));
  const box = new Float64Array(height * across), counts = new Float64Array(height * across);
  for (let y = top; y <= bottom; y++) for (let x = left; x <= right; x++) {
    const row = Math.floor(((y - top) / (bottom - top + 1)) * height);
    const place = row * across + Math.floor(((x - left) / (right - left + 1)) * across);
    box[place] += ink[y * width + x];
    counts[place] += 1;
  }
  box.forEach((dark, at) => { box[at] = dark / Math.max(1, counts[at]); });
  const strongest = largest(box), centre = (of) => total(box.map((dark, at) => dark * of(at))) / total(box);
  const start = (size, middle, side) => Math.min(Math.max(Math.round(size / 2 - middle), 0), size - side);
  const down = start(rows, centre((at) => Math.floor(at / across)), height);
  const aside = start(columns, centre((at) => at % across), across);
  const image = new Uint8Array(rows * columns);
  box.forEach((dark, at) => {
    image[(down + Math.floor(at / across)) * columns + aside + (at % across)] = Math.round((255 * dark) / strongest);
  });
  return image;
}

// ---- the page ----

const PAPER = 280, MILLISECONDS = 180, WAIT = 900, GAP = 3;

function channels(name) {
  const color = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  return color.slice(1).match(color.length > 4 ? /../g : /./g).map((part) => parseInt(part.repeat(2).slice(-2), 16));
}

// Paint a grid of shades from -1 (the baseline's colour) over 0 (paper) to 1 (`full`)
function paint(canvas, rows, columns, shade, full) {
  [canvas.width, canvas.height] = [columns, rows];
  const pen = canvas.getContext("2d"), image = pen.createImageData(columns, rows);
  const paper = channels("page"), ends = [channels("baseline"), channels(full)];
  for (let place = 0; place < rows * columns; place++) {
    const value = shade(Math.floor(place / columns), place % columns, place);
    const end = ends[value < 0 ? 0 : 1], size = Math.min(1, Math.abs(value));
    paper.forEach((from, part) => { image.data[4 * place + part] = from + size * (end[part] - from); });
    image.data[4 * place + 3] = Number.isNaN(value) ? 0 : 255;
  }
  pen.putImageData(image, 0, 0);
}

// the three likeliest classes
function named(chances) {
  const ranked = [...chances.keys()].sort((j, k) => chances[k] - chances[j]);
  return ranked.slice(0, 3).map((k) => `${k} (${(100 * chances[k]).toFixed(1)}\u00a0%)`);
}

function drawPart(part) {
  const network = JSON.parse(part.querySelector("script").textContent), members = unpacked(network);
  const [rows, columns] = network.shape, steps = (rows * columns) / network.features;
  const moments = Math.min(steps, rows), find = (name) => part.querySelector(name);
  const canvas = find(".paper"), slider = find(".moment"), lanes = [...part.querySelectorAll(".lane")];
  const pen = Object.assign(document.createElement("canvas"), { width: PAPER, height: PAPER })
    .getContext("2d", { willReadFrequently: true });
  Object.assign(pen, { lineWidth: PAPER / 11, lineCap: "round", lineJoin: "round" });
  let image = null, label = "", readers = [], timer = 0, last = null;
  slider.max = moments;
  // the step at which each pixel is read
  const plain = { ...network, shift: 0, scale: 1 }, places = [...Array(rows * columns).keys()];
  for (const order of network.orders) sequenceOf(plain, places, order).forEach((pixels, step) =>
    pixels.forEach((pixel) => { (order.rank ??= [])[pixel] = step; }));

  const ink = () => Float32Array.from(pen.getImageData(0, 0, PAPER, PAPER).data.filter((_, at) => at % 4 === 3),
    (opaque) => opaque / 255);

  function show() {
    const moment = Number(slider.value), dark = image ?? ink();
    paint(canvas, image ? rows : PAPER, image ? columns : PAPER, (row, column, at) => (image ? image[at] / 255 : dark[at]), "text");
    lanes.forEach((lane, number) => showLane(lane, network.orders[number], readers[number], moment));
    const sure = moment && readers.length ? named(readers[0].at(moment).chances)[0] : "nothing yet";
    slider.setAttribute("aria-valuetext", `${moment * network.each} ${network.unit} read: ${sure}`);
  }

  function showLane(lane, order, reading, moment) {
    const place = (row) => (order.backwards ? moments - 1 - row : row), count = (moment * steps) / moments;
    const shade = (at) => (order.rank[at] < count ? 1 : 0.2) * (image?.[at] ?? 0) / 255;
    paint(lane.querySelector(".seen"), rows, columns, (row, column, at) => shade(at), "text");
    const found = reading && moment ? reading.at(moment) : null;
    paint(lane.querySelector(".chances"), moments, network.classes, (row, k) =>
      found && place(row) < moment ? reading.at(place(row) + 1).chances[k] : NaN, "model");
    const layers = found?.states ?? [], units = network.hidden * (network.bidirectional ? 2 : 1) + GAP;
    // a layer stands right of the one that it reads, after a gap; relu has no upper limit
    const most = Math.max(1, ...layers.flat().map((h) => largest(h)));
    paint(lane.querySelector(".state"), steps, units * network.layers - GAP, (row, unit) => {
      const step = order.backwards ? steps - 1 - row : row;
      return (layers[Math.floor(unit / units)]?.[step]?.[unit % units] ?? NaN) / most;
    }, "model");
    lane.querySelector(".now").textContent = found
      ? `After ${moment * network.each} of ${moments * network.each} ${network.unit}: ${named(found.chances).join(", ")}`
      : "Nothing is read yet.";
  }

  const say = (text) => { find(".said").textContent = text; };

  function conclude() {
    const [own, other] = readers.map((reading) => named(reading.at(moments).chances)[0]);
    const right = label === "" ? "" : own.split(" ")[0] === label ? ", which is right" : `, but it is a ${label}`;
    say(`The network reads ${own}${right}.${other ? ` ${network.orders[1].title}: ${other}.` : ""}`);
  }

  function read() {
    clearTimeout(timer);
    image ??= prepared(ink(), PAPER, network.shape);
    if (!image) return say("There is nothing to read: draw a digit, or choose an image.");
    readers = network.orders.map((order) => {
      const look = reader(network, members, sequenceOf(network, image, order)), known = [];
      return { at: (moment) => (known[moment] ??= look((moment * steps) / moments)) };
    });
    say("The network reads …");
    slider.value = 0;
    const next = () => {
      // who wants no motion gets the end at once
      slider.value = matchMedia("(prefers-reduced-motion: reduce)").matches ? moments : Number(slider.value) + 1;
      show();
      if (Number(slider.value) < moments) timer = setTimeout(next, MILLISECONDS);
      else conclude();
    };
    next();
  }

  function wipe() {
    clearTimeout(timer);
    pen.clearRect(0, 0, PAPER, PAPER);
    [image, label, readers, slider.value] = [null, "", [], 0];
    say("");
    show();
  }

  // a drawing goes on with its own strokes; an image that was chosen makes place for a new one
  function stroke(event) {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top].map((along) => (along * PAPER) / box.width);
    // a point is a short line
    pen.stroke(new Path2D(`M ${last ?? [x - 0.1, y]} L ${x} ${y}`));
    last = [x, y];
    show();
  }
  canvas.addEventListener("pointerdown", (event) => {
    clearTimeout(timer);
    if (label !== "") wipe();
    [image, readers, slider.value] = [null, [], 0];
    canvas.setPointerCapture(event.pointerId);
    stroke(event);
  });
  canvas.addEventListener("pointermove", (event) => last && stroke(event));
  canvas.addEventListener("lostpointercapture", () => { [last, timer] = [null, setTimeout(read, WAIT)]; });
  find(".read").addEventListener("click", read);
  find(".wipe").addEventListener("click", wipe);
  slider.addEventListener("input", () => { clearTimeout(timer); show(); if (readers.length) conclude(); });
  const thumbs = [...part.querySelectorAll(".examples button")].map((button, number) => {
    const { pixels, truth } = network.examples[number], bytes = bytesOf(pixels);
    button.addEventListener("click", () => { wipe(); [image, label] = [bytes, String(truth)]; read(); });
    return () => paint(button.firstElementChild, rows, columns, (row, column, at) => bytes[at] / 255, "text");
  });
  const paintAll = () => [...thumbs, show].forEach((work) => work());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paintAll);
  paintAll();
}

if (typeof document !== "undefined") document.querySelectorAll(".draw").forEach(drawPart);
