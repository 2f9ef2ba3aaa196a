// SPDX-License-Identifier: Apache-2.0

// The worker of the page, behind Go's wasm_exec.js. The first message has the program and
// the artefact, {program, artefact}, packed. Each later one is a picture, {file}. Each is
// answered by one message: {kernels}, the file with the run's result, or the file with an
// {error}. After a start that failed, its error is the answer to every picture.

let last = Promise.resolve(); // answers keep the order of the messages
let started; // the promise of {kernels}
onmessage = ({ data }) => { last = last.then(() => answer(data)); };

async function answer({ file, program, artefact }) {
  try {
    if (program) started = start(program, artefact);
    const ready = await started;
    postMessage(file ? { file, ...(await run(file)) } : ready);
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

// run runs the picture in a file. Go decodes PNGs and JPEGs as "triovit run" does, so that
// the integers are the same. The browser decodes pictures of other formats, and JPEGs to be
// turned; the result then says that the picture is upright. Go's error is the answer to a
// file that neither decodes.
async function run(file) {
  const from = performance.now(), bytes = new Uint8Array(await file.arrayBuffer());
  if (begins(bytes, 0x89, 0x50, 0x4e, 0x47) || (begins(bytes, 0xff, 0xd8) && !turned(bytes))) return answered(triovit.run(bytes));
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" });
  } catch {
    return answered(triovit.run(bytes));
  }
  const { width, height } = bitmap, context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const pixels = new Uint8Array(context.getImageData(0, 0, width, height).data.buffer), decode = performance.now() - from;
  const result = answered(triovit.run(pixels, width, height));
  result.times.decode += decode;
  return { ...result, upright: true };
}

// begins says whether a file begins with the given bytes.
function begins(bytes, ...magic) {
  return magic.every((b, i) => bytes[i] === b);
}

// turned says whether a JPEG has an orientation (Exif, tag 0x112) other than upright.
function turned(bytes) {
  const view = new DataView(bytes.buffer), app1 = 0xffe1, exif = 0x45786966;
  try {
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
