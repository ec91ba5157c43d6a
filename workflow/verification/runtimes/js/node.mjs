// Runs models in Node for the host: node node.mjs FOLDER_OF_NODE_MODULES SCRATCH; JSON lines on stdin and stdout.

import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { handler, member } from './files.mjs';
import { Bench } from './models.mjs';
import * as channel from './channel.mjs';
import { read, write } from './tensors.mjs';

const PACKAGES = ['core', 'layers', 'converter', 'backend-cpu', 'backend-wasm'];

function tensorflow(folder) {
  const require = createRequire(path.join(folder, 'package.json'));
  const found = PACKAGES.map((name) => require(`@tensorflow/tfjs-${name}`));
  const versions = Object.fromEntries(
    PACKAGES.map((name) => [`tfjs-${name}`, require(`@tensorflow/tfjs-${name}/package.json`).version]),
  );
  return { tf: Object.assign({}, ...found), versions: { node: process.versions.node, ...versions } };
}

// The most memory since `startPeak`: on Linux the counter can be set back; elsewhere it is the process's own maximum.
function startPeak() {
  try {
    fs.writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // not Linux, or not allowed
  }
}

function peak() {
  try {
    const found = /^VmHWM:\s+(\d+) kB/m.exec(fs.readFileSync('/proc/self/status', 'utf8'));
    return Number(found[1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

let bench = null;

async function start() {
  const { tf, versions } = tensorflow(process.argv[2]);
  bench = new Bench(tf);
  return { versions };
}

async function answer(request) {
  startPeak();
  const result = await bench.perform(
    request,
    () => handler(bench.tf, request.model),
    () => read(bench.tf, member(request.inputs).open),
  );
  if (result.failure) {
    return { ...result, spent: true }; // what half a load leaves in memory cannot be given back
  }
  fs.mkdirSync(request.outputs, { recursive: true });
  await write(result.answers, member(request.outputs).save);
  const { answers, ...rest } = result;
  return { ...rest, facts: { ...rest.facts, process_peak_bytes: peak() } };
}

channel.claim();
channel.serve({ scratch: process.argv[3], start, answer });
