// SPDX-License-Identifier: Apache-2.0

// The worker of the page, behind Go's wasm_exec.js. The first message has the program and
// the artefact, {program, artefact}, packed. Each later one is a picture, {file}. Each is
// answered by one message: {kernels}, the file with the run's result, or the file with an
// {error}.

let last = Promise.resolve(); // answers keep the order of the messages
onmessage = ({ data }) => { last = last.then(() => answer(data)); };

async function answer({ file, program, artefact }) {
  try {
    postMessage(program ? await start(program, artefact) : { file, ...(await run(file)) });
  } catch (e) {
    postMessage({ file, error: e.message || String(e) });
  }
}

// start starts Go's program and gives it the artefact.
async function start(program, artefact) {
  const go = new Go();
  const { instance } = await WebAssembly.instantiate(await unpacked(program), go.importObject);
  go.run(instance); // sets triovit before it returns, and ends only by a failure
  return answered(triovit.load(new Uint8Array(await unpacked(artefact))));
}

// run runs the picture in a file. Go decodes the PNGs and JPEGs that "triovit run" reads, so
// that the integers are the same. The browser decodes all others, and JPEGs to be turned.
async function run(file) {
  const from = performance.now(), bytes = new Uint8Array(await file.arrayBuffer());
  if (!turned(bytes)) {
    const result = triovit.run(bytes);
    if (!result?.error) return answered(result);
  }
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const { width, height } = bitmap, context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const pixels = new Uint8Array(context.getImageData(0, 0, width, height).data.buffer), decode = performance.now() - from;
  const result = answered(triovit.run(pixels, width, height));
  result.times.decode += decode;
  return result;
}

// turned says whether a JPEG has an orientation (Exif, tag 0x112) other than upright.
function turned(bytes) {
  const view = new DataView(bytes.buffer), app1 = 0xffe1, exif = 0x45786966;
  try {
    if (view.getUint16(0) !== 0xffd8) return false;
    for (let at = 2; view.getUint8(at) === 0xff; at += 2 + view.getUint16(at + 2)) {
      if (view.getUint16(at) !== app1 || view.getUint32(at + 4) !== exif) continue;
      const tiff = at + 10, little = view.getUint16(tiff) === 0x4949, list = tiff + view.getUint32(tiff + 4, little);
      for (let entry = list + 2, n = view.getUint16(list, little); n > 0; n--, entry += 12) {
        if (view.getUint16(entry, little) === 0x112) return view.getUint16(entry + 8, little) > 1;
      }
    }
  } catch {} // the file ends too early
  return false;
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
