// Measures the model on one backend after the other: making the model, the first prediction, the median of more.
import { anyInputs, predict } from "./specs.js";

const ENOUGH_MS = 1500;
const MOST = 20;

export async function* measureBackends(format, artifacts) {
  tf.wasm.setWasmPaths(new URL("tfjs/", location.href).href);
  const backends = ["wasm", "webgl", ...((await hasGpuAdapter()) ? ["webgpu"] : []), "cpu"];
  for (const backend of backends) {
    yield await measured(backend, format, artifacts);
    await breath();
  }
}

async function measured(backend, format, artifacts) {
  let inputs = null;
  try {
    if (!(await tf.setBackend(backend)) || tf.getBackend() !== backend) throw new Error("not available in this browser");
    await tf.ready();
    const begin = performance.now();
    const model = await modelOf(format, artifacts);
    const load = performance.now() - begin;
    inputs = anyInputs(model);
    const first = await timed(model, inputs);
    const times = [];
    while (times.length < MOST && (times.length < 3 || sum(times) < ENOUGH_MS)) {
      times.push(await timed(model, inputs));
      if (times.length % 5 === 0) await breath();
    }
    return { backend, model, load, first, median: median(times), count: times.length };
  } catch (error) {
    return { backend, error: `${error.message ?? error}` };
  } finally {
    if (inputs !== null) tf.dispose(Object.values(inputs));
  }
}

function modelOf(format, artifacts) {
  const handler = { load: async () => artifacts };
  return format === "tfjs_graph_model" ? tf.loadGraphModel(handler) : tf.loadLayersModel(handler);
}

// A GPU answers when its numbers are read, not when it is asked.
async function timed(model, inputs) {
  const begin = performance.now();
  const outputs = await predict(model, inputs);
  await Promise.all(outputs.map((output) => output.data()));
  const time = performance.now() - begin;
  tf.dispose(outputs);
  return time;
}

async function hasGpuAdapter() {
  try {
    return Boolean(await navigator.gpu?.requestAdapter());
  } catch {
    return false;
  }
}

const breath = () => new Promise((resolve) => setTimeout(resolve, 0));
const sum = (values) => values.reduce((total, value) => total + value, 0);
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
