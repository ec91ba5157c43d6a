// Trying the model: a picture from one of the sources becomes a tensor, the tensor an answer, the answer bars.
import { startCamera } from "./camera.js";
import { startDrawing } from "./drawing.js";
import { startPicture } from "./picture.js";
import { imageTensor, RANGES, rangeFor } from "./pixels.js";
import { byId, element, milliseconds } from "./screen.js";
import { predict } from "./specs.js";

const SMALL = 64; // as large as drawings make sense for
const MOST_ANSWERS = 10;

export function startTrying(image, labels, first) {
  const state = { current: first, image, labels, source: null, busy: false, again: false };
  const drawable = image.channels === 1 && Math.max(image.width, image.height) <= SMALL;
  const sources = {
    ...(drawable ? { draw: { text: "Draw", start: startDrawing } } : {}),
    picture: { text: "Picture", start: startPicture },
    camera: { text: "Camera", start: startCamera },
  };
  makeRanges(image, () => answer(state));
  makeTabs(sources, (name) => {
    state.source?.stop?.();
    state.source = sources[name].made ??= sources[name].start(image, () => answer(state));
    state.source.resume?.();
    answer(state);
  });
  const seen = byId("seen");
  seen.width = image.width;
  seen.height = image.height;
  byId("seen-text").textContent = `What the model sees: ${image.width} × ${image.height}`;
  byId("try").hidden = false;
  return {
    use: async (result) => {
      state.current = result;
      await answer(state);
    },
  };
}

// One prediction at a time; what changes meanwhile is predicted right after it.
async function answer(state) {
  if (state.busy) {
    state.again = true;
    return;
  }
  state.busy = true;
  try {
    do {
      state.again = false;
      await answerOnce(state);
    } while (state.again);
  } finally {
    state.busy = false;
  }
}

async function answerOnce({ current, image, labels, source }) {
  const canvas = byId("seen");
  if (!source?.paint(canvas)) {
    showAnswers(null, labels);
    return;
  }
  await tf.setBackend(current.backend);
  const begin = performance.now();
  const input = imageTensor(canvas, image, byId("range").value);
  const outputs = await predict(current.model, { [current.model.inputs[0].name]: input });
  const values = await outputs[0].data();
  byId("speed").textContent = `${milliseconds(performance.now() - begin)} on ${current.backend}`;
  tf.dispose([input, ...outputs]);
  showAnswers(values, labels);
}

function showAnswers(values, labels) {
  const list = byId("answers");
  list.replaceChildren();
  list.classList.toggle("named", labels.length > 0 || (values?.length ?? 0) > MOST_ANSWERS);
  if (values === null) {
    byId("speed").textContent = "";
    return;
  }
  const shares = sharesOf(values);
  const best = values.indexOf(Math.max(...values));
  for (const index of shown(values)) {
    const row = element("li", index === best ? "best" : "");
    const track = element("span", "track");
    const fill = element("div", "fill");
    fill.style.width = `${(100 * shares.parts[index]).toFixed(2)}%`;
    track.append(fill);
    const number = shares.areProbabilities ? `${(100 * values[index]).toFixed(1)}%` : values[index].toPrecision(4);
    row.append(element("span", "", labels[index] ?? (values.length > MOST_ANSWERS ? `class ${index}` : `${index}`)));
    row.append(track, element("span", "num", number));
    list.append(row);
  }
  list.dataset.best = String(best);
}

// Few classes in their own order, many by how likely they are.
function shown(values) {
  const all = [...values.keys()];
  if (all.length <= MOST_ANSWERS) return all;
  return all.sort((a, b) => values[b] - values[a]).slice(0, 5);
}

function sharesOf(values) {
  const total = values.reduce((sum, value) => sum + value, 0);
  const areProbabilities = Math.abs(total - 1) < 0.01 && values.every((value) => value >= -1e-6);
  if (areProbabilities) return { areProbabilities, parts: values };
  const top = Math.max(...values);
  const powers = Array.from(values, (value) => Math.exp(value - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return { areProbabilities, parts: powers.map((power) => power / sum) };
}

function makeRanges(image, onChange) {
  const select = byId("range");
  for (const [name, { text }] of Object.entries(RANGES)) select.append(new Option(text, name));
  select.value = rangeFor(image);
  select.addEventListener("change", onChange);
}

function makeTabs(sources, onChoose) {
  const tabs = byId("tabs");
  const choose = (name) => {
    for (const tab of tabs.children) {
      const chosen = tab.id === `tab-${name}`;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      byId(tab.id.replace("tab-", "panel-")).hidden = !chosen;
    }
    onChoose(name);
  };
  for (const [name, { text }] of Object.entries(sources)) {
    const tab = Object.assign(element("button", "", text), { type: "button", id: `tab-${name}`, role: "tab" });
    tab.setAttribute("aria-controls", `panel-${name}`);
    tab.addEventListener("click", () => choose(name));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const all = [...tabs.children];
      const next = all[(all.indexOf(tab) + step + all.length) % all.length];
      next.focus();
      next.click();
    });
    tabs.append(tab);
  }
  choose(Object.keys(sources)[0]);
}
