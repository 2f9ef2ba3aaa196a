// SPDX-License-Identifier: Apache-2.0

// Give pictures to a page of package triovit/integer/page as a reader does, in Chromium,
// and report what is seen.
//
//     node scripts/page.mjs < job.json > seen.json
//
// A job is {url, scheme, width, pictures: [{path, by, bare, stopped}], folder, chromium}: the
// page is opened in the scheme "light" or "dark", so many pixels wide, and each picture is
// given to it by "choose", "drop" or "paste". While a bare picture is shown, no canvas has a
// context. Before a stopped picture is given, the page's worker fails. Screenshots go to the
// folder, "0.png" before the first picture. What was seen is {title, facts, kernels, answers,
// opacity, elsewhere, complaints}. An answer is {status, wrong,
// again, runs, classes: [[name, share]], phases: [text], picture, map}: again says whether the
// picture can be run again. The map, and the picture as it is shown without the map, are PNGs
// in Base64. The opacity is that of the map, [the number beside the slider, the style's],
// after one press of an arrow key where a map was shown first.

import { mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { chromium } from "playwright-core";

const { url, scheme, width, pictures, folder, chromium: executablePath } = JSON.parse(readFileSync(0, "utf8"));
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND"] });
const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme });
const page = await context.newPage();
page.setDefaultTimeout(120_000);
mkdirSync(folder, { recursive: true });
const elsewhere = [], complaints = [];
context.on("request", (r) => { if (r.url() !== url && !/^(blob|data):/.test(r.url())) elsewhere.push(r.url()); });
page.on("pageerror", (e) => complaints.push(String(e)));
page.on("console", (m) => complaints.push(`${m.type()}: ${m.text()}`));

await page.goto(url);
const status = page.locator("#status"), slider = page.locator("#opacity");
await page.waitForFunction((e) => !/…$/.test(e.textContent), await status.elementHandle());
await page.screenshot({ path: join(folder, "0.png"), fullPage: true });
const answers = [];
let opacity = [];
for (const { path, by, bare, stopped } of pictures) {
  if (stopped) await page.evaluate(() => worker.dispatchEvent(new ErrorEvent("error", { message: "the worker has stopped" })));
  await page.evaluate((bare) => {
    window.getContext ??= HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = bare ? () => null : window.getContext;
  }, bare);
  if (by === "choose") await page.locator("#file").setInputFiles(path);
  else await page.evaluate(give, { by, name: basename(path), data: readFileSync(path, "base64") });
  await page.waitForFunction((e) => !/…$/.test(e.textContent), await status.elementHandle());
  answers.push({ ...(await page.evaluate(seen)), picture: await beneath() });
  await page.screenshot({ path: join(folder, `${answers.length}.png`), fullPage: true });
  if (!opacity.length && await slider.isVisible()) {
    await slider.press("ArrowLeft");
    opacity = await page.evaluate(() => [document.querySelector("output").textContent, document.getElementById("map").style.opacity]);
  }
}
const title = await page.title(), facts = await page.locator("header dd").allTextContents(), kernels = await page.locator("#kernels").textContent();
await browser.close();
process.stdout.write(JSON.stringify({ title, facts, kernels, answers, opacity, elsewhere, complaints }));

// seen returns the page's answer.
function seen() {
  const $ = (id) => document.getElementById(id), texts = (list) => [...list].map((e) => e.textContent);
  return {
    status: $("status").textContent,
    wrong: $("status").classList.contains("wrong"),
    again: !$("again").disabled,
    runs: $("runs").textContent,
    classes: [...document.querySelectorAll("#classes li")].map((e) => texts(e.querySelectorAll(".name, .share"))),
    phases: texts(document.querySelectorAll("#phases dd")),
    map: $("map")?.toDataURL().replace(/^[^,]*,/, ""),
  };
}

// beneath returns a screenshot of the picture without the map, or null where none is shown.
async function beneath() {
  const frame = page.locator("#frame");
  if (await frame.isHidden()) return null;
  const visibility = (value) => page.evaluate((value) => document.getElementById("map")?.style.setProperty("visibility", value), value);
  await visibility("hidden");
  const shot = await frame.screenshot();
  await visibility("visible");
  return shot.toString("base64");
}

// give drops a file on the page, or pastes it.
function give({ by, name, data }) {
  const files = new DataTransfer();
  files.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name));
  document.body.dispatchEvent(by === "drop"
    ? new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true })
    : new ClipboardEvent("paste", { clipboardData: files, bubbles: true }));
}
