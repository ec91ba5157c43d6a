// Loads layers models from disk and predicts with each, on the cpu backend.
// usage: node check.mjs JOBS.json, where the file lists [{model, inputs: [{file, shape, dtype}], outputs: folder}, ...].
// Writes the results as raw little-endian float32 files beside a report.json in each job's output folder.
import fs from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {loadLayersModel} from '@tensorflow/tfjs-layers';

const ARRAYS = {float32: Float32Array, int32: Int32Array, bool: Uint8Array};

function bytesOf(file) {
  const raw = fs.readFileSync(file);
  return raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength);
}

function artifacts(file) {
  const document = JSON.parse(fs.readFileSync(file, 'utf8'));
  const folder = path.dirname(file);
  const manifest = document.weightsManifest;
  const data = manifest.flatMap(group => group.paths.map(name => bytesOf(path.join(folder, name))));
  return {...document, weightSpecs: manifest.flatMap(group => group.weights), weightData: data};
}

function tensorOf(input) {
  const values = new ARRAYS[input.dtype](bytesOf(input.file));
  return tf.tensor(input.dtype === 'bool' ? Array.from(values, Boolean) : values, input.shape, input.dtype);
}

async function predicted(job) {
  const model = await loadLayersModel({load: async () => artifacts(job.model)});
  const inputs = job.inputs.map(tensorOf);
  const results = model.predict(inputs.length === 1 ? inputs[0] : inputs);
  const tensors = Array.isArray(results) ? results : [results];
  fs.mkdirSync(job.outputs, {recursive: true});
  tensors.forEach((tensor, number) => {
    fs.writeFileSync(path.join(job.outputs, `${number}.bin`), Buffer.from(Float32Array.from(tensor.dataSync()).buffer));
  });
  return {shapes: tensors.map(tensor => tensor.shape), names: model.outputNames};
}

await tf.setBackend('cpu');
console.warn = () => {};
for (const job of JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))) {
  let report;
  tf.engine().startScope();
  try {
    report = await predicted(job);
  } catch (error) {
    report = {error: String(error.message || error).slice(0, 500)};
  }
  tf.engine().endScope();
  tf.disposeVariables();
  fs.mkdirSync(job.outputs, {recursive: true});
  fs.writeFileSync(path.join(job.outputs, 'report.json'), JSON.stringify(report));
}
