// The browser's side of a run: what the driver calls are `verifier.run` and `verifier.abilities`.

import { Bench } from './models.mjs';
import { read, write } from './tensors.mjs';

const { tf } = globalThis;
tf.wasm.setWasmPaths(new URL('../modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url).href);
const bench = new Bench(tf);

async function opened(url) {
  const response = await fetch(url);
  if (!response.ok) {
    throw new Error(`Request to ${url} failed with status code ${response.status}`);
  }
  return response.arrayBuffer();
}

async function saved(url, body) {
  const response = await fetch(url, { method: 'POST', body });
  if (!response.ok) {
    throw new Error(`the page could not hand its outputs over: ${response.status}`);
  }
}

async function run(request) {
  const result = await bench.perform(
    request,
    () => request.model,
    () => read(tf, (name) => opened(`${request.inputs}/${name}`)),
  );
  if (result.failure) {
    return result;
  }
  const { answers, ...rest } = result;
  await write(answers, (name, bytes) => saved(`${request.outputs}/${name}`, bytes));
  const heap = performance.memory?.usedJSHeapSize;
  return { ...rest, facts: { ...rest.facts, js_heap_bytes: heap ?? null } };
}

function webgl() {
  const context = document.createElement('canvas').getContext('webgl2');
  const info = context?.getExtension('WEBGL_debug_renderer_info');
  const renderer = context && context.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : context.RENDERER);
  context?.getExtension('WEBGL_lose_context')?.loseContext();
  return renderer || null;
}

async function webgpu() {
  try {
    const adapter = await navigator.gpu?.requestAdapter();
    const info = adapter?.info;
    return adapter ? [info?.vendor, info?.architecture, info?.description].filter(Boolean).join(' ') || 'unnamed' : null;
  } catch {
    return null;
  }
}

// What this browser has for each backend: a name, or null when there is none.
async function abilities() {
  return { webgl: webgl(), webgpu: await webgpu() };
}

globalThis.verifier = { run, abilities };
