// node judge.cjs RUNTIME JOBS ANSWERS: runs TensorFlow.js models on given inputs, with nothing of the product.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const {createRequire} = require('node:module');

const [, , runtime, jobs, answers] = process.argv;
const installed = createRequire(path.join(runtime, 'package.json'));
const tf = installed('@tensorflow/tfjs-core');
installed('@tensorflow/tfjs-backend-cpu');
const {loadLayersModel} = installed('@tensorflow/tfjs-layers');
const {loadGraphModel} = installed('@tensorflow/tfjs-converter');

function handler(folder) {
  const read = (name) => new Uint8Array(fs.readFileSync(path.join(folder, name))).buffer;
  return {
    load: async () => {
      const document = JSON.parse(fs.readFileSync(path.join(folder, 'model.json')));
      return tf.io.getModelArtifactsForJSON(document, async (manifest) => {
        // a list of files, as TensorFlow.js's own loader has it: it misreads a last one that is larger than the others
        return [manifest.flatMap((group) => group.weights), manifest.flatMap((group) => group.paths).map(read)];
      });
    },
  };
}

async function answered(job) {
  const layers = job.format === 'tfjs_layers_model';
  const model = await (layers ? loadLayersModel : loadGraphModel)(handler(job.path));
  // TensorFlow.js numbers the tensors of all layers models that it ever made: the layers' own names are told
  const names = layers ? model.inputNames : model.inputs.map((one) => one.name.split(':')[0]);
  // of a graph model, pages know the names in its signature; how a node is called says nothing
  const signature = Object.keys(model.modelSignature?.outputs ?? {});
  const outputs = layers ? model.outputNames : signature.length ? signature : model.outputs.map((one) => one.name);
  const shapes = model.inputs.map((one, at) => [names[at], one.shape, one.dtype]);
  // layers models are called with a list of inputs, graph models with their names
  const declared = [layers ? shapes : shapes.sort(), outputs];
  const found = [];
  for (const feed of job.feeds) {
    const tensors = names.map((name) => {
      if (!(name in feed)) throw new Error(`no input is called ${name}`);
      return tf.tensor(feed[name].data, feed[name].shape, feed[name].dtype);
    });
    let given;
    if (layers) given = model.predict(tensors.length > 1 ? tensors : tensors[0]);
    else given = await model.executeAsync(Object.fromEntries(model.inputs.map((one, at) => [one.name, tensors[at]])));
    found.push([given].flat().map((one) => [one.shape, Array.from(one.dataSync(), (value) => (Number.isFinite(value) ? value : String(value)))]));
  }
  return {declared, answers: found};
}

(async () => {
  await tf.setBackend('cpu');
  const told = {};
  for (const job of JSON.parse(fs.readFileSync(jobs))) {
    try {
      told[job.id] = await answered(job);
    } catch (error) {
      told[job.id] = {error: String(error).slice(0, 200)};
    }
    tf.disposeVariables();
  }
  fs.writeFileSync(answers, JSON.stringify(told));
})();
