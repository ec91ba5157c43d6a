// Drives a page in a real browser: node drive.mjs '{"packages", "executable", "flags", "url", "shots", "what"}'.
import { createRequire } from "node:module";
import path from "node:path";

const wanted = JSON.parse(process.argv[2]);
const { chromium } = createRequire(path.join(wanted.packages, "x.js"))("playwright-core");
const browser = await chromium.launch({ executablePath: wanted.executable, args: wanted.flags });
const told = { problems: [], foreign: [] };

async function open({ width, height, dark = false }) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: dark ? "dark" : "light" });
  page.on("pageerror", (error) => told.problems.push(String(error)));
  page.on("console", (line) => {
    if (line.type() === "error") told.problems.push(line.text());
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(wanted.url) && !/^(blob|data):/.test(url)) told.foreign.push(url);
  });
  await page.goto(wanted.url);
  return page;
}

const shot = (page, name) => page.screenshot({ path: path.join(wanted.shots, `${name}.png`), fullPage: true });
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

// The strokes of a 3, in parts of the pad.
function three() {
  const arc = (x, y, r, from) =>
    Array.from({ length: 20 }, (_, step) => {
      const angle = from + (step / 19) * Math.PI * 1.25;
      return [x + r * Math.cos(angle), y + r * Math.sin(angle)];
    });
  return [...arc(0.5, 0.33, 0.17, -Math.PI * 0.8), ...arc(0.5, 0.66, 0.19, -Math.PI * 0.45)];
}

async function draw(page, points) {
  const box = await page.locator("#pad").boundingBox();
  const at = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
  await page.mouse.move(...at(points[0]));
  await page.mouse.down();
  for (const point of points) await page.mouse.move(...at(point));
  await page.mouse.up();
  await page.waitForSelector("#answers[data-best]");
  await page.waitForTimeout(300);
}

const rows = (page, selector) =>
  page.locator(selector).evaluateAll((found) => found.map((row) => [...row.children].map((cell) => cell.textContent.trim())));

async function demo() {
  const page = await open({ width: 1120, height: 850 });
  await page.waitForFunction(() => document.body.dataset.state, null, { timeout: 120000 });
  told.state = await page.evaluate(() => document.body.dataset.state);
  told.cells = await page.locator(".cell").count();
  told.loaded = await page.locator(".cell.done").count();
  told.times = await rows(page, "#times tr");
  told.specs = await rows(page, "#specs tr");
  await draw(page, three());
  told.best = await page.locator("#answers").getAttribute("data-best");
  told.answers = await page.locator("#answers li").count();
  await shot(page, "demo");
  await page.click("#clear");
  told.cleared = await page.locator("#answers li").count();
  await page.click("#tab-picture");
  await page.setInputFiles("#file", { name: "grey.png", mimeType: "image/png", buffer: await grey(page) });
  await page.waitForFunction(() => document.querySelectorAll("#answers li").length > 0);
  await page.click("#tab-camera");
  await page.click("#camera");
  await page.waitForFunction(() => document.getElementById("video").videoWidth > 0);
  await page.waitForFunction(() => document.querySelectorAll("#answers li").length > 0);
  await page.check("#use-cpu");
  await page.waitForFunction(() => document.getElementById("speed").textContent.endsWith("on cpu"));
  await page.close();
  const phone = await open({ width: 375, height: 800, dark: true });
  await phone.waitForFunction(() => document.body.dataset.state, null, { timeout: 120000 });
  told.overflow = await overflow(phone);
  await shot(phone, "demo-phone-dark");
}

async function grey(page) {
  const url = await page.evaluate(() => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 32;
    canvas.getContext("2d").fillRect(8, 4, 6, 24);
    return canvas.toDataURL();
  });
  return Buffer.from(url.split(",")[1], "base64");
}

async function report() {
  const page = await open({ width: 1120, height: 850 });
  told.charts = await page.locator("figure svg").count();
  told.record = JSON.parse(await page.locator("#record").textContent()).recipe;
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  told.light = await paper();
  await shot(page, "report");
  await page.click("#theme");
  told.toggled = await paper();
  const saving = page.waitForEvent("download");
  await page.click("#save");
  told.saved = (await saving).suggestedFilename();
  await page.close();
  const dark = await open({ width: 1120, height: 850, dark: true });
  told.dark = await dark.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await shot(dark, "report-dark");
  const phone = await open({ width: 375, height: 800 });
  told.overflow = await overflow(phone);
  told.text = await phone.evaluate(() =>
    Math.min(...[...document.querySelectorAll("figure svg text")].map((text) => text.getBoundingClientRect().height)),
  );
  await shot(phone, "report-phone");
  await page.context().close();
}

try {
  await { demo, report }[wanted.what]();
} finally {
  await browser.close();
}
console.log(JSON.stringify(told));
