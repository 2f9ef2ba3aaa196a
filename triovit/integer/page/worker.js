// SPDX-License-Identifier: Apache-2.0

// The worker of the page, behind Go's wasm_exec.js. The first message has the program and
// the artefact, {program, artefact}, packed. Each later one is a picture, {file}. Each is
// answered by one message: {kernels}, the file with the run's result, or the file with an
// {error}.

let program;

onmessage = async ({ data }) => {
  try {
    if (data.program) program = start(data);
    const loaded = await program;
    postMessage(data.program ? loaded : { file: data.file, ...(await run(data.file)) });
  } catch (e) {
    postMessage({ file: data.file, error: e.message || String(e) });
  }
};

// start starts Go's program and gives it the artefact.
async function start({ program, artefact }) {
  const go = new Go();
  const { instance } = await WebAssembly.instantiate(await unpacked(program), go.importObject);
  go.run(instance); // sets triovit before it returns, and ends only by a failure
  return answered(triovit.load(new Uint8Array(await unpacked(artefact))));
}

// run runs the picture in a file. Go decodes a PNG, so that its integers are those of the
// command "triovit run" in any browser. The browser decodes other kinds, photographs upright.
async function run(file) {
  const from = performance.now(), bytes = new Uint8Array(await file.arrayBuffer());
  if ([0x89, 0x50, 0x4e, 0x47].every((b, i) => bytes[i] === b)) return answered(triovit.run(bytes));
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const { width, height } = bitmap, context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const pixels = new Uint8Array(context.getImageData(0, 0, width, height).data.buffer), decode = performance.now() - from;
  const result = answered(triovit.run(pixels, width, height));
  result.times.decode += decode;
  return result;
}

// answered returns a result of Go's functions, or throws its error.
function answered(result) {
  if (!result) throw new Error("the program has ended: reload the page");
  if (result.error) throw new Error(result.error);
  return result;
}

// unpacked returns the bytes of a text in Base64 of gzip.
function unpacked(text) {
  const packed = new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]);
  return new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}
