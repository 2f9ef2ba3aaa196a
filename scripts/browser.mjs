// SPDX-License-Identifier: Apache-2.0

// Look at a notebook as a reader does, in Chromium, and report what is seen.
//
//     node scripts/browser.mjs < page.json > seen.json
//
// A page is {url, lab, run, steer, javascript, folder, chromium}: it is opened in
// JupyterLab (lab) or as exported HTML, its cells are run and saved (run), and the
// first slider is moved by arrow keys where window.echarts is gone (steer).
// Screenshots of the page and of every figure go to the folder. What was seen is
// {kernel, figures: [{file, live, loaded}], steps: [{value, changed, ms}], elsewhere, complaints}, of which the
// test in internal/browsertest judges. This program judges nothing; it fails
// only where a page does not come to rest.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const { url, lab, run, steer, javascript, folder, chromium: executablePath } = JSON.parse(readFileSync(0, "utf8"));
const patience = 180_000; // for the browser and the server
const running = 900_000; // for all cells of a notebook, with an empty cache

// The runtime's figures carry data-figure, of which JupyterLab leaves nothing
// but the picture where it does not trust the notebook. Pictures are images. Without
// scripts a figure with controls is several pictures side by side.
const figures = javascript ? "[data-figure], img:not([data-figure] img)" : "img";
const outputs = ".jp-OutputArea-output";

const browser = await chromium.launch({
  executablePath,
  // Names of other hosts are not even resolved: what asks for one is seen here
  // and fails.
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  ],
});
const context = await browser.newContext({ viewport: { width: 1400, height: 1200 }, javaScriptEnabled: javascript });
const page = await context.newPage();
page.setDefaultTimeout(patience);
mkdirSync(folder, { recursive: true });
const elsewhere = new Set(), complaints = [];
const note = (address) => {
  const { protocol, hostname } = new URL(address);
  if (!["data:", "blob:", "file:", "about:"].includes(protocol) && hostname !== "127.0.0.1") elsewhere.add(address);
};
context.on("request", (request) => note(request.url()));
page.on("websocket", (socket) => note(socket.url()));
page.on("pageerror", (error) => complaints.push(String(error)));

await page.goto(url);
let kernel = "";
if (lab) {
  kernel = await labReady();
  if (run) await runAll();
  await page.locator(".jp-WindowedPanel-outer").first().evaluate((e) => e.scrollTo(0, 0));
}
const all = page.locator(outputs).locator(figures);
if (javascript) await settle();
const steps = steer ? await steerFirst() : [];
await page.screenshot({ path: join(folder, "page.png"), fullPage: !lab });
const list = [];
for (let i = 0; i < (await all.count()); i++) {
  const figure = all.nth(i), file = join(folder, `figure-${i + 1}.png`);
  await figure.screenshot({ path: file, animations: "disabled" });
  list.push({ file, ...(await state(figure)) });
}
await browser.close();
writeFileSync(1, JSON.stringify({ kernel, figures: list, steps, elsewhere: [...elsewhere], complaints }));

// state returns whether a figure is the live chart, and whether its picture, if
// it is one, could be decoded.
async function state(figure) {
  if (!javascript) return { live: false, loaded: true };
  return figure.evaluate((e) => {
    const image = e.tagName === "IMG" ? e : e.querySelector(":scope > img");
    return { live: e.hasAttribute("data-live"), loaded: !image || image.naturalWidth > 0 };
  });
}

// steerFirst presses an arrow key three times on the first slider of the outputs, and
// returns what each step left beside it, whether the chart changed, and the milliseconds
// from the slider's change until it had.
async function steerFirst() {
  const slider = page.locator(outputs).locator("input[type=range]").first();
  await slider.focus();
  const steps = [];
  for (let i = 0; i < 3; i++) {
    await slider.evaluate((e) => {
      delete window.echarts;
      const chart = e.closest("[data-figure]").querySelector("svg"), before = chart.outerHTML;
      window.step = new Promise((done) => e.addEventListener("input", () => {
        const from = performance.now();
        const look = () => {
          const changed = chart.isConnected && chart.outerHTML !== before, ms = performance.now() - from;
          if (changed || ms > 2000) done({ changed, ms });
          else requestAnimationFrame(look);
        };
        look();
      }, { once: true, capture: true }));
    });
    await page.keyboard.press("ArrowRight");
    steps.push(await slider.evaluate(async (e) => ({ ...(await window.step), value: e.parentElement.querySelector("output").textContent })));
  }
  return steps;
}

// settle waits until nothing in the page's outputs changes any more.
async function settle() {
  for (let before = "", same = 0; same < 3; ) {
    await page.waitForTimeout(300);
    const now = await page.evaluate((s) => [...document.querySelectorAll(s)].map((e) => e.innerHTML.length).join(), outputs);
    same = now === before ? same + 1 : 0;
    before = now;
  }
}

// labReady waits for the notebook and for the session with its kernel, and returns the
// name of the kernel as shown. JupyterLab drops "Run All Cells" without a word while the
// session is being initialized, which on a busy machine lasts for some tenths of a second
// after the name is shown.
async function labReady() {
  await page.locator(".jp-Notebook .jp-CodeCell").first().waitFor();
  const shown = page.locator(".jp-Toolbar-kernelName").first();
  await page.waitForFunction((e) => e && !/^(No Kernel)?$/.test(e.textContent.trim()), await shown.elementHandle(), { polling: 200 });
  await page.waitForFunction(() => {
    const status = document.querySelector(".jp-Notebook-ExecutionIndicator")?.dataset.status;
    return status && !["initializing", "connecting", "starting"].includes(status);
  }, null, { polling: 50 });
  return (await shown.textContent()).trim();
}

// runAll runs every cell from the menu, waits for the last one or for the first
// that fails, and saves.
async function runAll() {
  await page.getByRole("menuitem", { name: "Run", exact: true }).click();
  await page.getByRole("menuitem", { name: "Run All Cells", exact: true }).click();
  await page.waitForFunction(() => {
    const prompts = [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")].map((e) => e.textContent.trim());
    return prompts.some((p) => p !== "[ ]:");
  }, null, { polling: 50 }).catch((e) => { throw new Error("no cell began to run after Run All Cells", { cause: e }); });
  await page.waitForFunction(() => {
    const prompts = [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")].map((e) => e.textContent.trim());
    const failed = document.querySelector('[data-mime-type="application/vnd.jupyter.error"]');
    return prompts.every((p) => /^\[\d+\]:$/.test(p)) || (failed && !prompts.includes("[*]:"));
  }, null, { timeout: running, polling: 500 });
  await settle();
  await page.screenshot({ path: join(folder, "run.png") });
  const saved = page.waitForResponse((r) => r.request().method() === "PUT" && r.url().includes("/api/contents/") && r.ok());
  await page.keyboard.press("Control+s");
  await saved;
}
