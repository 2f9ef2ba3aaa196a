// SPDX-License-Identifier: Apache-2.0

"use strict";
const $ = (id) => document.getElementById(id);
const about = JSON.parse($("about").textContent); // {classes: [{name, color}], maps, worker}
const worker = new Worker(URL.createObjectURL(new Blob([about.worker], { type: "text/javascript" })));
let file; // the picture that was asked for last
let waiting = 1; // answers that the worker owes
let stopped; // why the worker runs no more
let runs = 0, least = Infinity; // the runs of the integers and the shortest, in ms

let shown = Promise.resolve(); // one answer is shown after another
worker.onmessage = ({ data }) => { shown = shown.then(() => answer(data)); };
worker.onerror = (e) => {
  stopped = e.message || "the program cannot be started";
  answer({ error: stopped });
};
worker.postMessage({ program: $("program").textContent, artefact: $("artefact").textContent });

// run asks for the answer to the picture in a file.
function run(picture) {
  if (!picture) return;
  file = picture;
  if (stopped) return void answer({ file, error: stopped });
  waiting++;
  say(`Running ${file.name} …`);
  $("again").disabled = true;
  worker.postMessage({ file });
}

// answer shows an answer of the worker. An answer that cannot be shown is an error of its
// picture alone.
async function answer(data) {
  let error = data.error;
  try {
    if (data.kernels) $("kernels").textContent = `kernels ${data.kernels}`;
    if (data.times) await show(data);
  } catch (e) {
    error = e.message || String(e);
  }
  waiting = stopped ? 0 : waiting - 1;
  if (error) { // the result of another picture would stand below this error
    $("frame").hidden = $("result").hidden = true;
    $("empty").hidden = false;
    say(data.file ? `${data.file.name}: ${error}` : error, true);
  } else if (!waiting) say(data.file ? data.file.name : "Ready");
  $("again").disabled = waiting > 0 || !file;
}

// say shows a line on the state of the page.
function say(text, wrong = false) {
  $("status").textContent = text;
  $("status").classList.toggle("wrong", wrong);
}

// show shows a run's result: {file, width, height, times, map or logits, upright}. The
// picture has the orientation of the decoded pixels.
async function show({ file, width, height, times, map, logits, upright }) {
  const image = $("picture");
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(file);
  image.alt = file.name;
  image.style.imageOrientation = upright ? "from-image" : "none";
  await image.decode().catch(() => {}); // so that picture and map change together
  $("frame").style.setProperty("--aspect", width / height);
  $("empty").hidden = true;
  $("frame").hidden = $("result").hidden = false;
  if (map) paint(map, width, height);
  list(map ? covered(map) : softmax(logits).slice(0, 5));
  const ms = (t) => `${t < 9.95 ? t.toFixed(1) : t.toFixed(0)} ms`;
  runs++;
  least = Math.min(least, times.run);
  $("run").textContent = ms(times.run);
  $("runs").textContent = runs === 1 ? "in the first run" : `the least of ${runs} runs: ${ms(least)}`;
  const phases = { decode: times.decode, resize: times.resize, map: times.map };
  $("phases").replaceChildren(...Object.entries(phases).filter(([, t]) => t !== undefined).flatMap(([name, t]) => [element("dt", "", name), element("dd", "", ms(t))]));
}

// paint draws the map in the colours of the classes.
function paint(map, width, height) {
  const canvas = $("map"), context = canvas.getContext("2d");
  if (!context) throw new Error("the browser has no canvas for the map");
  [canvas.width, canvas.height] = [width, height];
  const image = context.createImageData(width, height), pixels = new DataView(image.data.buffer);
  const colors = about.classes.map(({ color }) => parseInt(color.slice(1) + "ff", 16));
  map.forEach((k, i) => pixels.setUint32(4 * i, colors[k]));
  context.putImageData(image, 0, 0);
  $("blend").hidden = false;
}

// covered returns the classes of a map with the parts of the picture that they cover.
function covered(map) {
  const counts = about.classes.map(() => 0);
  map.forEach((k) => counts[k]++);
  return ranked(counts.map((n) => n / map.length)).filter(({ share }) => share > 0);
}

// softmax returns the classes with the softmax of their logits.
function softmax(logits) {
  const most = Math.max(...logits), powers = logits.map((x) => Math.exp(x - most));
  const sum = powers.reduce((a, b) => a + b);
  return ranked(powers.map((p) => p / sum));
}

// ranked returns the classes with their shares, the largest first.
function ranked(shares) {
  return about.classes.map((c, k) => ({ ...c, share: shares[k] })).sort((a, b) => b.share - a.share);
}

// list shows classes with their shares.
function list(classes) {
  $("classes").replaceChildren(...classes.map(({ name, color, share }) => {
    const row = element("li"), bar = element("span", "bar"), fill = bar.appendChild(element("i"));
    fill.style.width = `${100 * share}%`;
    const swatch = element("span", "swatch");
    swatch.style.background = color;
    swatch.hidden = !about.maps;
    row.append(swatch, element("span", "name", name), element("span", "share", share < 0.0005 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`), bar);
    return row;
  }));
}

function element(tag, name = "", text = "") {
  const e = document.createElement(tag);
  e.className = name;
  e.textContent = text;
  return e;
}

$("file").onchange = ({ target }) => { run(target.files[0]); target.value = ""; };
$("again").onclick = () => run(file);
document.onpaste = (e) => run(e.clipboardData.files[0]);
document.ondragover = (e) => { e.preventDefault(); document.body.classList.add("over"); };
document.ondragleave = (e) => { if (!e.relatedTarget) document.body.classList.remove("over"); };
document.ondrop = (e) => { e.preventDefault(); document.body.classList.remove("over"); run(e.dataTransfer.files[0]); };
if (about.maps) {
  const blend = () => { $("blend").querySelector("output").textContent = `${$("opacity").value} %`; $("map").style.opacity = $("opacity").value / 100; };
  $("opacity").oninput = blend;
  blend();
}
