// The page: loads the model with progress per file, measures the backends one after the other, then answers.
import { measureBackends } from "./backends.js";
import { fetchModel } from "./loading.js";
import { imageInputOf, specsOf } from "./specs.js";
import { startTrying } from "./trying.js";
import { backendRow, byId, fillCell, makeCells, milliseconds, showProblem, size, specRow } from "./screen.js";

async function main() {
  const about = await (await fetch("about.json")).json();
  const total = about.files.reduce((sum, file) => sum + file.bytes, 0);
  document.title = `${about.name} – tfjs-workflow demo`;
  byId("name").textContent = about.name;
  const kind = about.format === "tfjs_graph_model" ? "graph model" : "layers model";
  const files = `${about.files.length} file${about.files.length === 1 ? "" : "s"}`;
  byId("what").textContent = `${kind}${about.quantized ? ", quantized" : ""} · ${size(total)} in ${files}`;
  byId("foot").textContent = `TensorFlow.js ${tf.version_core} from this machine · tfjs-workflow ${about.tool}`;

  const artifacts = await load(about, total);
  const model = await measure(about, artifacts);
  if (model === null) {
    showProblem(`No backend of this browser could run the model: ${byId("times").querySelector(".why")?.textContent ?? ""}`);
    return;
  }
  document.body.dataset.state = "ready";
}

async function load(about, total) {
  const cells = makeCells(about.files);
  const begin = performance.now();
  let received = 0;
  const artifacts = await fetchModel(about.files, (path, bytes, complete) => {
    received += bytes;
    fillCell(cells.get(path), bytes, complete);
    byId("loaded").textContent = `${size(received)} of ${size(total)}`;
    byId("cells").setAttribute("aria-valuenow", String(Math.round((100 * received) / total)));
  });
  byId("loaded").textContent = `${size(total)} in ${about.files.length} requests`;
  byId("load-time").textContent = milliseconds(performance.now() - begin);
  return artifacts;
}

async function measure(about, artifacts) {
  let trying = null;
  let chosen = null;
  for await (const result of measureBackends(about.format, artifacts)) {
    backendRow(result, async () => trying?.use(result));
    if (result.error) continue;
    if (chosen === null) {
      for (const row of specsOf(result.model)) specRow(row);
      const image = imageInputOf(result.model);
      trying = image ? startTrying(image, about.labels, result) : null;
    }
    if (chosen === null || result.median < chosen.median) {
      chosen = result;
      await trying?.use(result);
      byId(`use-${result.backend}`).checked = true;
    }
  }
  return chosen;
}

main().catch((error) => showProblem(`${error.message ?? error}`));
