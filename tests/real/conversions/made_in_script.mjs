// node made_in_script.mjs MODULES FOLDER: makes small models in TensorFlow.js, and writes each with what it answers.
// node made_in_script.mjs MODULES FOLDER MODEL...: loads these layers models, and writes answer.json into each.
//
// FOLDER/<name>/ gets model.json, weights.bin and io.json: {inputs: [{name, shape, dtype, data}], outputs: [{shape, data}]}.
// Weights and inputs are drawn by name, so that every run makes the same.
import fs from 'node:fs';
import { createRequire } from 'node:module';

const [modules, folder, ...loaded] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
const layers = require('@tensorflow/tfjs-layers');
await tf.setBackend('cpu');
// what the orthogonal initializer calls, and this build of TensorFlow.js does not put there
for (const op of ['flatten', 'reshape', 'sign', 'stridedSlice', 'transpose']) {
  tf.Tensor.prototype[op] ??= function (...rest) { return op === 'flatten' ? tf.reshape(this, [this.size]) : tf[op](this, ...rest); };
}

const L = layers.layers;
const I = (shape, dtype) => layers.input({ shape, dtype });
const M = (inputs, outputs) => layers.model({ inputs, outputs });
const seq = (...parts) => layers.sequential({ layers: parts });
const image = [8, 8, 3]; // CenterCrop and CategoryEncoding write into the shape that they are given
const steps = [6, 4];
/** A model of one layer on an input of this shape. */
const one = (layer, shape, dtype) => { const i = I(shape, dtype); return M(i, layer.apply(i)); };
/** A merge of two inputs of these shapes. */
const two = (layer, first, second = first) => { const a = I(first), b = I(second); return M([a, b], layer.apply([a, b])); };
const embedded = (...parts) => seq(L.embedding({ inputDim: 9, outputDim: 4, maskZero: true, inputLength: 6 }), ...parts);

const ACTIVATIONS = ['elu', 'hardSigmoid', 'linear', 'relu', 'relu6', 'selu', 'sigmoid', 'softmax', 'softplus', 'softsign', 'tanh', 'swish', 'mish', 'gelu', 'gelu_new', 'logSoftmax'];

const MODELS = {
  dense: () => seq(L.dense({ units: 8, inputShape: [6], activation: 'relu' }), L.dense({ units: 3, activation: 'softmax' })),
  cnn: () => seq(L.conv2d({ inputShape: [12, 12, 2], filters: 4, kernelSize: 3, activation: 'relu' }), L.maxPooling2d({ poolSize: 2 }), L.batchNormalization(), L.flatten(), L.dense({ units: 3 })),
  axis_1: () => seq(L.conv2d({ inputShape: image, filters: 3, kernelSize: 3 }), L.batchNormalization({ axis: 1 })),
  bilinear: () => seq(L.conv2d({ inputShape: image, filters: 3, kernelSize: 3, padding: 'same' }), L.upSampling2d({ size: [2, 2], interpolation: 'bilinear' }), L.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding: 'same' })),
  bilinear_by_row: () => seq(L.upSampling2d({ inputShape: [5, 4, 2], size: [2, 1], interpolation: 'bilinear' })),
  bilinear_by_three: () => seq(L.upSampling2d({ inputShape: [5, 4, 2], size: [3, 3], interpolation: 'bilinear' })),
  bilinear_last_and_shared: () => { const s = L.upSampling2d({ size: [2, 2], interpolation: 'bilinear' }); const a = I([4, 4, 2]), b = I([3, 3, 2]); return M([a, b], [s.apply(a), s.apply(b)]); },
  bilinear_channels_first: () => one(L.upSampling2d({ size: [2, 2], interpolation: 'bilinear', dataFormat: 'channelsFirst' }), [3, 5, 5]),
  bilinear_in_steps: () => one(L.timeDistributed({ layer: L.upSampling2d({ size: [2, 2], interpolation: 'bilinear' }) }), [2, 4, 4, 2]),
  nearest: () => one(L.upSampling2d({ size: [3, 2] }), [5, 4, 2]),
  center_crop: () => one(L.centerCrop({ height: 4, width: 5 }), [...image]),
  category_encoding: () => one(L.categoryEncoding({ numTokens: 9, outputMode: 'multiHot' }), [4], 'int32'),
  rescaling: () => one(L.rescaling({ scale: 0.5, offset: -1 }), image),
  lstm: () => seq(L.lstm({ units: 4, inputShape: steps, returnSequences: true, recurrentActivation: 'sigmoid' }), L.lstm({ units: 3, recurrentActivation: 'sigmoid' }), L.dense({ units: 2 })),
  lstm_as_it_comes: () => seq(L.lstm({ units: 4, inputShape: steps }), L.dense({ units: 2 })),
  lstm_state: () => { const i = I(steps); return M(i, L.lstm({ units: 3, returnState: true, recurrentActivation: 'sigmoid' }).apply(i)); },
  lstm_from_state: () => { const i = I(steps), h = I([3]), c = I([3]); return M([i, h, c], L.lstm({ units: 3, recurrentActivation: 'sigmoid' }).apply(i, { initialState: [h, c] })); },
  lstm_activations: () => seq(L.lstm({ units: 3, inputShape: steps, activation: 'hardSigmoid', recurrentActivation: 'sigmoid', returnSequences: true })),
  gru: () => seq(L.gru({ units: 4, inputShape: steps, recurrentActivation: 'sigmoid', returnSequences: true }), L.dense({ units: 2 })),
  gru_as_it_comes: () => seq(L.gru({ units: 4, inputShape: steps }), L.dense({ units: 2 })),
  simple_rnn: () => seq(L.simpleRNN({ units: 3, inputShape: steps, activation: 'relu', goBackwards: true })),
  bidirectional: () => seq(L.bidirectional({ layer: L.lstm({ units: 3, returnSequences: true, recurrentActivation: 'sigmoid' }), mergeMode: 'concat', inputShape: steps }), L.timeDistributed({ layer: L.dense({ units: 2 }) })),
  bidirectional_gru_sum: () => one(L.bidirectional({ layer: L.gru({ units: 3, recurrentActivation: 'sigmoid' }), mergeMode: 'sum' }), steps),
  bidirectional_average: () => one(L.bidirectional({ layer: L.simpleRNN({ units: 3, returnSequences: true }), mergeMode: 'ave' }), steps),
  cell_lstm: () => one(L.rnn({ cell: L.lstmCell({ units: 3, recurrentActivation: 'sigmoid' }), returnSequences: true }), steps),
  cell_gru: () => one(L.rnn({ cell: L.gruCell({ units: 3, recurrentActivation: 'sigmoid' }) }), steps),
  cell_simple: () => one(L.rnn({ cell: L.simpleRNNCell({ units: 3 }), goBackwards: true }), steps),
  cells: () => one(L.rnn({ cell: [L.lstmCell({ units: 3 }), L.gruCell({ units: 2 })] }), steps),
  conv_lstm: () => one(L.convLstm2d({ filters: 2, kernelSize: 3, recurrentActivation: 'sigmoid', returnSequences: true }), [3, 6, 6, 2]),
  conv_lstm_as_it_comes: () => one(L.convLstm2d({ filters: 2, kernelSize: 3, padding: 'same' }), [3, 6, 6, 2]),
  embedding: () => embedded(L.gru({ units: 3, recurrentActivation: 'sigmoid' }), L.dense({ units: 2, activation: 'sigmoid' })),
  masked_mean: () => embedded(L.globalAveragePooling1d({}), L.dense({ units: 2 })),
  masked_through_leaky: () => embedded(L.leakyReLU({}), L.lstm({ units: 3, recurrentActivation: 'sigmoid' })),
  masked_through_elu: () => embedded(L.elu({}), L.simpleRNN({ units: 3, returnSequences: true })),
  masked_through_dense: () => embedded(L.dense({ units: 3, activation: 'tanh' }), L.dropout({ rate: 0.2 }), L.simpleRNN({ units: 3, returnSequences: true })),
  masked_steps: () => seq(L.masking({ inputShape: steps }), L.lstm({ units: 3, recurrentActivation: 'sigmoid', returnSequences: true }), L.timeDistributed({ layer: L.dense({ units: 2 }) })),
  masked_both_ways: () => seq(L.masking({ inputShape: steps }), L.bidirectional({ layer: L.gru({ units: 3, recurrentActivation: 'sigmoid' }), mergeMode: 'concat' })),
  masked_rescaling: () => seq(L.masking({ inputShape: steps }), L.rescaling({ scale: 2, offset: 0.5 }), L.simpleRNN({ units: 3 })),
  masked_summary: () => seq(L.masking({ inputShape: steps }), L.lstm({ units: 3, recurrentActivation: 'sigmoid' }), L.repeatVector({ n: 6 }), L.lstm({ units: 2, recurrentActivation: 'sigmoid' })),
  masked_softmax: () => embedded(L.activation({ activation: 'softmax' }), L.globalMaxPooling1d({})),
  masked_joined: () => { const i = I([6], 'int32'); const e = L.embedding({ inputDim: 9, outputDim: 4, maskZero: true }).apply(i); return M(i, L.simpleRNN({ units: 3 }).apply(L.concatenate().apply([L.dense({ units: 2 }).apply(e), e]))); },
  unmasked_beside_masked: () => { const i = I([6], 'int32'), j = I([6, 4]); const e = L.embedding({ inputDim: 9, outputDim: 4, maskZero: true }).apply(i); return M([i, j], [L.simpleRNN({ units: 3 }).apply(e), L.simpleRNN({ units: 2 }).apply(j)]); },
  embedding_unmasked: () => seq(L.embedding({ inputDim: 9, outputDim: 4, inputLength: 6 }), L.flatten(), L.dense({ units: 2 })),
  embedding_open: () => seq(L.embedding({ inputDim: 9, outputDim: 4 }), L.globalAveragePooling1d({})),
  merges: () => { const a = I([4]), b = I([4]); const x = L.concatenate().apply([L.dense({ units: 3 }).apply(a), L.dense({ units: 3, activation: 'selu' }).apply(b)]); return M([a, b], [L.dense({ units: 2, activation: 'softmax' }).apply(x), L.add().apply([a, b]), L.multiply().apply([a, b]), L.average().apply([a, b]), L.maximum().apply([a, b]), L.minimum().apply([a, b])]); },
  merge_of_other_rank: () => two(L.add({}), [4], [5, 4]),
  concatenated_steps: () => two(L.concatenate({ axis: 1 }), [3, 4], [2, 4]),
  dot: () => two(L.dot({ axes: 1, normalize: true }), [5]),
  dot_of_steps: () => two(L.dot({ axes: [2, 2] }), [3, 4], [5, 4]),
  dot_of_steps_turned: () => two(L.dot({ axes: [2, 1] }), [3, 4], [4, 5]),
  dot_with_a_vector: () => two(L.dot({ axes: [2, 1] }), [3, 4], [4]),
  separable: () => seq(L.separableConv2d({ inputShape: image, filters: 4, kernelSize: 3, padding: 'same', depthMultiplier: 2 }), L.leakyReLU({ alpha: 0.2 }), L.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, strides: 2 }), L.globalAveragePooling2d({})),
  separable_dilated: () => one(L.separableConv2d({ filters: 4, kernelSize: 3, dilationRate: 2, activation: 'relu' }), image),
  depthwise_dilated: () => one(L.depthwiseConv2d({ kernelSize: 3, dilationRate: 2 }), image),
  dilated: () => one(L.conv2d({ filters: 2, kernelSize: 3, dilationRate: 2, padding: 'same', activation: 'elu' }), image),
  channels_first: () => seq(L.conv2d({ inputShape: [3, 8, 8], filters: 4, kernelSize: 3, dataFormat: 'channelsFirst' }), L.maxPooling2d({ poolSize: 2, dataFormat: 'channelsFirst' }), L.flatten({ dataFormat: 'channelsFirst' }), L.dense({ units: 2 })),
  conv1d: () => seq(L.conv1d({ inputShape: [10, 3], filters: 4, kernelSize: 3, activation: 'elu' }), L.maxPooling1d({ poolSize: 2 }), L.reshape({ targetShape: [16] }), L.dense({ units: 2, activation: 'softplus' })),
  conv1d_dilated: () => one(L.conv1d({ filters: 4, kernelSize: 3, dilationRate: 2, padding: 'same', activation: 'tanh' }), [10, 3]),
  conv3d: () => seq(L.conv3d({ inputShape: [5, 5, 5, 2], filters: 3, kernelSize: 2, activation: 'relu' }), L.maxPooling3d({ poolSize: 2 }), L.flatten()),
  conv3d_transposed: () => one(L.conv3dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding: 'same' }), [3, 3, 3, 2]),
  transposed: () => seq(L.conv2dTranspose({ inputShape: [5, 5, 2], filters: 3, kernelSize: 2, strides: 3, activation: 'tanh' }), L.conv2dTranspose({ filters: 2, kernelSize: 4, strides: 2, padding: 'same', useBias: false })),
  pools: () => { const i = I(image); return M(i, [L.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }).apply(i), L.maxPooling2d({ poolSize: [2, 3], padding: 'same' }).apply(i), L.globalMaxPooling2d({}).apply(i)]); },
  pools_of_steps: () => { const i = I(steps); return M(i, [L.averagePooling1d({ poolSize: 3, padding: 'same', strides: 2 }).apply(i), L.maxPooling1d({ poolSize: 2, strides: 1 }).apply(i), L.globalMaxPooling1d({}).apply(i), L.globalAveragePooling1d({}).apply(i)]); },
  pools_of_volumes: () => one(L.averagePooling3d({ poolSize: 2, padding: 'same' }), [5, 5, 5, 2]),
  paddings: () => seq(L.zeroPadding2d({ inputShape: image, padding: [[1, 2], [0, 3]] }), L.cropping2D({ cropping: [[0, 1], [2, 0]] }), L.permute({ dims: [3, 1, 2] })),
  shapes: () => seq(L.dense({ units: 6, inputShape: [4] }), L.repeatVector({ n: 3 }), L.reshape({ targetShape: [2, -1] }), L.permute({ dims: [2, 1] })),
  activations: () => { const i = I([5]); return M(i, ACTIVATIONS.filter((a) => a !== 'gelu_new' && a !== 'hardSigmoid').map((a) => L.activation({ activation: a }).apply(i))); },
  activations_of_dense: () => { const i = I([5]); return M(i, ACTIVATIONS.filter((a) => a !== 'gelu_new' && a !== 'hardSigmoid').map((a) => L.dense({ units: 3, activation: a }).apply(i))); },
  hard_sigmoid: () => { const i = I([5]); return M(i, [L.activation({ activation: 'hardSigmoid' }).apply(i), L.dense({ units: 3, activation: 'hardSigmoid' }).apply(i)]); },
  hard_sigmoid_of_convolution: () => one(L.conv2d({ filters: 3, kernelSize: 3, activation: 'hardSigmoid' }), image),
  gelu_new: () => seq(L.dense({ units: 5, inputShape: [4], activation: 'gelu_new' }), L.dense({ units: 2 })),
  advanced: () => { const i = I(steps); return M(i, [L.elu({}).apply(i), L.reLU({ maxValue: 0.7 }).apply(i), L.leakyReLU({}).apply(i), L.thresholdedReLU({ theta: 0.4 }).apply(i), L.prelu({}).apply(i), L.prelu({ sharedAxes: [1] }).apply(i), L.softmax({ axis: 2 }).apply(i)]); },
  softmax_as_it_comes: () => seq(L.dense({ units: 4, inputShape: [5] }), L.softmax()),
  softmax_over_two: () => one(L.softmax({ axis: [1, 2] }), steps),
  norms: () => seq(L.dense({ units: 6, inputShape: [4] }), L.layerNormalization({}), L.batchNormalization({ axis: 1, epsilon: 0.01, center: false }), L.layerNormalization({ scale: false })),
  norm_of_two_axes: () => one(L.layerNormalization({ axis: [1, 2] }), steps),
  norm_of_axis_1: () => one(L.layerNormalization({ axis: 1 }), steps),
  norm_of_steps: () => one(L.batchNormalization({}), steps),
  noises: () => seq(L.gaussianNoise({ stddev: 0.5, inputShape: steps }), L.gaussianDropout({ rate: 0.2 }), L.alphaDropout({ rate: 0.2 }), L.spatialDropout1d({ rate: 0.2 }), L.dropout({ rate: 0.3, noiseShape: [null, 1, 4] }), L.dense({ units: 2 })),
  nested: () => { const inner = seq(L.dense({ units: 4, inputShape: [5], activation: 'tanh' }), L.dropout({ rate: 0.3 })); const i = I([5]); return M(i, L.dense({ units: 2 }).apply(inner.apply(i))); },
  nested_functional: () => { const a = I([5]); const inner = M(a, L.dense({ units: 4 }).apply(a)); const i = I([5]); return M(i, L.dense({ units: 2 }).apply(inner.apply(i))); },
  nested_twice: () => { const inner = seq(L.dense({ units: 4, inputShape: [4] }), L.leakyReLU({})); const a = I([4]), b = I([4]); return M([a, b], L.concatenate().apply([inner.apply(a), inner.apply(inner.apply(b))])); },
  row_of_rows: () => seq(seq(L.conv2d({ inputShape: image, filters: 3, kernelSize: 3 }), L.batchNormalization(), L.globalAveragePooling2d({})), seq(L.dense({ units: 4, inputShape: [3], activation: 'relu' }), L.dense({ units: 2, activation: 'softmax' }))),
  shared: () => { const s = L.dense({ units: 4 }); const a = I([4]), b = I([4]); return M([a, b], L.add().apply([s.apply(a), s.apply(s.apply(b))])); },
  steps_of_convolution: () => one(L.timeDistributed({ layer: L.conv2d({ filters: 2, kernelSize: 3 }) }), [3, 6, 6, 2]),
  steps_of_a_model: () => one(L.timeDistributed({ layer: seq(L.dense({ units: 3, inputShape: [4] }), L.batchNormalization()) }), steps),
  trained: () => seq(L.dense({ units: 4, inputShape: [5], kernelInitializer: 'heNormal', kernelRegularizer: layers.regularizers.l1l2({ l1: 0.1, l2: 0.2 }), biasConstraint: layers.constraints.maxNorm({ maxValue: 2, axis: 0 }), kernelConstraint: layers.constraints.minMaxNorm({ minValue: 0.1, maxValue: 2 }) }), L.dense({ units: 2, kernelInitializer: layers.initializers.orthogonal({ gain: 0.5 }), biasInitializer: layers.initializers.constant({ value: 0.3 }), kernelConstraint: layers.constraints.nonNeg() }), L.dense({ units: 2, kernelInitializer: layers.initializers.truncatedNormal({ stddev: 0.3 }), biasInitializer: 'leCunNormal', kernelRegularizer: layers.regularizers.l1({ l1: 0.1 }), biasRegularizer: 'l1l2', kernelConstraint: layers.constraints.unitNorm({ axis: 0 }) }), L.dense({ units: 2, kernelInitializer: 'identity', biasInitializer: 'leCunUniform' })),
  fixed_batch: () => seq(L.dense({ units: 3, batchInputShape: [2, 5] })),
  open_size: () => { const i = I([null, null, 3]); return M(i, L.globalAveragePooling2d({}).apply(L.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }).apply(i))); },
  odd_names: () => seq(L.dense({ units: 3, inputShape: [5], name: 'first.layer-1' }), L.dense({ units: 2, name: '2nd/layer' })),
  stateful: () => seq(L.lstm({ units: 3, batchInputShape: [2, 6, 4], stateful: true, recurrentActivation: 'sigmoid' })),
};

/** Numbers between 0 and 1 that depend on a text alone. */
function drawn(text) {
  let state = 2166136261;
  for (const letter of text) state = Math.imul(state ^ letter.codePointAt(0), 16777619);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function fill(model, name) {
  model.weights.forEach((weight, number) => {
    const next = drawn(`${name}/${number}`);
    const scale = /gamma|variance/.test(weight.originalName) ? () => 0.5 + next() : () => (next() + next() + next() - 1.5) * 1.2;
    weight.write(tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(weight.shape) }, scale), weight.shape));
  });
}

/** Inputs for a model; where it masks, steps at the end of the first sample are to be left out. */
function feed(model, name) {
  const classes = JSON.stringify(model.toJSON(null, false));
  return model.inputs.map((input, number) => {
    const next = drawn(`${name}/in/${number}`);
    const shape = input.shape.map((size, axis) => size ?? (axis === 0 ? 2 : 6));
    const whole = input.dtype === 'int32' || /"class_name":"(Embedding)"/.test(classes) && shape.length === 2;
    const data = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, whole ? () => 1 + Math.floor(next() * 8) : () => (next() + next() - 1) * 3);
    if (whole) data.fill(0, shape[1] - 2, shape[1]);
    if (/"class_name":"Masking"/.test(classes)) data.fill(0, (shape[1] - 2) * shape[2], shape[1] * shape[2]);
    return { name: input.name, shape, dtype: input.dtype === 'int32' ? 'int32' : 'float32', data: Array.from(data) };
  });
}

function answered(model, inputs) {
  if (model.stateful) model.resetStates();
  const given = inputs.map((each) => tf.tensor(each.data, each.shape, each.dtype));
  const found = model.predict(given.length > 1 ? given : given[0], { batchSize: given[0].shape[0] });
  return [found].flat().map((each) => ({ shape: each.shape, data: Array.from(each.dataSync()) }));
}

function write(path, value) {
  fs.writeFileSync(path, JSON.stringify(value));
}

async function make(name, model) {
  const home = `${folder}/${name}`;
  fs.mkdirSync(home, { recursive: true });
  fill(model, name);
  const inputs = feed(model, name);
  write(`${home}/io.json`, { inputs, outputs: answered(model, inputs) });
  await model.save(tf.io.withSaveHandler(async (parts) => {
    const { modelTopology, format, generatedBy, weightData, weightSpecs } = parts;
    fs.writeFileSync(`${home}/weights.bin`, Buffer.from(weightData));
    const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
    write(`${home}/model.json`, { modelTopology, format, generatedBy, convertedBy: null, weightsManifest });
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
  }));
}

async function load(home, inputs) {
  const { modelTopology, weightsManifest } = JSON.parse(fs.readFileSync(`${home}/model.json`, 'utf8'));
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  const bytes = Buffer.concat(weightsManifest.flatMap((group) => group.paths).map((path) => fs.readFileSync(`${home}/${path}`)));
  const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const model = await layers.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
  return answered(model, inputs);
}

if (loaded.length) {
  for (const home of loaded) {
    const { inputs } = JSON.parse(fs.readFileSync(`${folder}/${home.split('/').at(-1)}/io.json`, 'utf8'));
    try {
      write(`${home}/answer.json`, { outputs: await load(home, inputs) });
    } catch (error) {
      write(`${home}/answer.json`, { error: String(error.message) });
    }
  }
} else {
  for (const [name, made] of Object.entries(MODELS)) {
    try {
      await make(name, made());
    } catch (error) {
      throw new Error(`${name}: ${error.message}`, { cause: error });
    }
  }
}
