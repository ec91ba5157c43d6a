// Loading and running a converted model with TensorFlow.js: the same code in Node and in the page.

import { Named, explain, missingKernel, nameLayers } from './failures.mjs';
import { fetched } from './tensors.mjs';

// Repeated predictions end when they have taken so long, unless there was none.
const BUDGET_MS = 600;
const BLAME_MS = 5000;
const OF_MACHINE = ['memory', 'device', 'kernel'];
const LAST_RESORT = 'cpu';
const WANTS_ASYNC = /executeAsync|dynamic op/;

const FLAVOURS = {
  tfjs_layers_model: { load: (tf, source) => tf.loadLayersModel(source), open: layers },
  tfjs_graph_model: { load: (tf, source) => tf.loadGraphModel(source), open: graph },
};

// Names for backends with settings of their own; everything else is a backend's own name.
const SPECIAL = { 'webgl-f16': { backend: 'webgl', flags: { WEBGL_FORCE_F16_TEXTURES: true } } };

function layers(model) {
  // a Sequential has no inputNames of its own; what they would be are the names of the layers
  const declared = (tensors) => {
    const names = unique(tensors.map((tensor) => tensor.sourceLayer.name));
    return tensors.map((tensor, at) => ({ name: names[at], ...shapeAndType(tensor) }));
  };
  return {
    inputs: declared(model.inputs),
    outputs: declared(model.outputs),
    reset: () => model.stateful && model.resetStates(),
    predict: (fed) => model.predict(fed.length === 1 ? fed[0] : fed),
  };
}

function graph(model) {
  const captured = model.modelSignature?.inputs ?? {};
  const inputs = model.inputNodes
    .map((name, at) => ({ name, ...shapeAndType(model.inputs[at]) }))
    .filter(({ name }) => captured[name]?.resourceId == null);
  const named = (fed) => Object.fromEntries(inputs.map(({ name }, at) => [name, fed[at]]));
  return {
    inputs,
    outputs: model.outputNodes.map((name, at) => ({ name, ...shapeAndType(model.outputs[at]) })),
    blame: (tf, fed) => failingNode(tf, model, named(fed)),
    reset: () => undefined,
    predict: (fed) => model.predict(named(fed)),
    predictAsync: (fed) => model.predictAsync(named(fed)),
  };
}

function shapeAndType({ shape, dtype }) {
  const known = Array.isArray(shape) ? shape.map((size) => (size === null || size < 0 ? null : size)) : null;
  return { shape: known, dtype: dtype ?? null };
}

// Returns the name of a node that fails although what it reads is computed, or null where none is found in some time.
function failingNode(tf, model, fed) {
  const begin = performance.now();
  const { nodes = {}, outputs = [] } = model.executor?.graph ?? {};
  const fails = (name) => {
    try {
      tf.tidy(() => void model.execute(fed, name));
      return false;
    } catch {
      return true;
    }
  };
  let blamed = outputs.map(({ name }) => name).find(fails);
  for (let reads = blamed; reads && performance.now() - begin < BLAME_MS; blamed = reads ?? blamed) {
    reads = (nodes[blamed]?.inputs ?? []).map(({ name }) => name).find(fails);
  }
  return performance.now() - begin < BLAME_MS ? (blamed ?? null) : null;
}

// Keras numbers output names that occur twice; TensorFlow.js does not.
function unique(names) {
  const counts = new Map();
  return names.map((name) => {
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return count ? `${name}_${count}` : name;
  });
}

// Keeps the last model that it ran, so that the next request for the same one finds it loaded.
export class Bench {
  constructor(tf) {
    nameLayers(tf);
    this.tf = tf;
    this.kept = null;
  }

  // `request`: {key, format, backend, repeat}; `source()` gives what the loader takes, `inputs()` [name, tensor] pairs.
  // Returns {backend, answers, inputs, outputs, timings, facts}, or {failure}: never throws for the model's sake.
  async perform(request, source, inputs) {
    const first = await this.attempt(request, request.backend, source, inputs);
    if (!first.kernel || request.backend === LAST_RESORT) {
      return first.failure ? { failure: first.failure } : first;
    }
    const second = await this.attempt(request, LAST_RESORT, source, inputs);
    const fallback = { from: request.backend, to: LAST_RESORT, kernels: [first.kernel], why: first.failure.message };
    if (second.failure) {
      const message = `${first.failure.message}, and on ${LAST_RESORT} ${second.failure.message}`;
      return { failure: { ...second.failure, message, fallback } };
    }
    return { ...second, facts: { ...second.facts, fallback } };
  }

  async attempt(request, backend, source, inputs) {
    const state = { phase: 'backend' };
    try {
      await this.choose(backend);
      state.phase = 'load';
      const kept = await this.loaded(request, backend, source);
      state.phase = 'run';
      return { backend, ...(await this.measured(kept, request, inputs)) };
    } catch (problem) {
      this.forget();
      return { failure: explain(problem, state.phase), kernel: missingKernel(problem) };
    }
  }

  async choose(name) {
    const { backend, flags } = SPECIAL[name] ?? { backend: name, flags: {} };
    Object.entries(flags).forEach(([flag, value]) => this.tf.env().set(flag, value));
    const taken = this.tf.getBackend() === backend || (await this.tf.setBackend(backend));
    await this.tf.ready();
    if (!taken || this.tf.getBackend() !== backend) {
      throw new Named('backend', `the backend ${backend} does not start here`);
    }
  }

  async loaded(request, backend, source) {
    const key = `${backend} ${request.format} ${request.key}`;
    if (this.kept?.key === key) {
      return this.kept;
    }
    this.forget();
    const flavour = FLAVOURS[request.format];
    if (!flavour) {
      throw new Named('format', `${request.format} does not run in TensorFlow.js`);
    }
    const begin = performance.now();
    const model = await flavour.load(this.tf, await source());
    this.kept = { key, model, ...flavour.open(model), loadMs: performance.now() - begin, runs: 0, isAsync: false };
    return this.kept;
  }

  forget() {
    try {
      this.kept?.model.dispose();
    } catch {
      // what cannot be disposed of goes with the process
    }
    this.kept = null;
  }

  async measured(kept, request, inputs) {
    const named = await inputs();
    try {
      const fed = assigned(kept.inputs, named);
      const warm = kept.runs > 0;
      const [answers, firstMs] = await timed(() => this.once(kept, fed));
      const rest = [];
      const begin = performance.now();
      while (rest.length < request.repeat && (rest.length === 0 || performance.now() - begin < BUDGET_MS)) {
        rest.push((await timed(() => this.once(kept, fed)))[1]);
      }
      const timings = { load_ms: kept.loadMs, first_ms: firstMs, ...figures(rest) };
      const facts = { execute_async: kept.isAsync, warm, tensor_bytes: this.tf.memory().numBytes };
      return { answers, inputs: described(kept.inputs, shapesOf(named)), outputs: told(kept, answers), timings, facts };
    } catch (problem) {
      this.blame(problem, kept, named);
      throw problem;
    } finally {
      named.forEach(([, tensor]) => tensor.dispose());
    }
  }

  // Has a failure say in which node of a graph it happened, where that can be found out.
  blame(problem, kept, named) {
    const isOfModel = problem instanceof Error && !OF_MACHINE.includes(explain(problem, 'run').kind);
    if (kept.blame && isOfModel && !kept.isAsync && !(problem instanceof Named)) {
      problem.node = kept.blame(this.tf, assigned(kept.inputs, named));
    }
  }

  async once(kept, fed) {
    kept.reset();
    const answer = await predicted(kept, fed);
    const named = pairs(answer, kept.outputs);
    const answers = await fetched(named);
    named.forEach(([, tensor]) => tensor.isDisposed || tensor.dispose());
    kept.runs += 1;
    return answers;
  }
}

async function predicted(kept, fed) {
  if (!kept.isAsync) {
    try {
      return kept.predict(fed);
    } catch (problem) {
      if (!kept.predictAsync || !WANTS_ASYNC.test(problem.message)) {
        throw problem;
      }
      kept.isAsync = true;
    }
  }
  return kept.predictAsync(fed);
}

async function timed(work) {
  const begin = performance.now();
  const result = await work();
  return [result, performance.now() - begin];
}

// Tensors in the model's order: by name, else, when there are as many, by order.
function assigned(wanted, named) {
  if (wanted.length !== named.length) {
    const names = wanted.map(({ name }) => name).join(', ');
    throw new Named('inputs', `the model takes ${wanted.length} inputs (${names}), and ${named.length} are given`);
  }
  const plain = (name) => name.replace(/:0$/, '');
  const byName = new Map(named.map(([name, tensor]) => [plain(name), tensor]));
  const allKnown = wanted.every(({ name }) => byName.has(plain(name)));
  return wanted.map(({ name }, at) => (allKnown ? byName.get(plain(name)) : named[at][1]));
}

// A model answers with a tensor, a list of them, or, with structuredOutputKeys, a dictionary.
function pairs(answer, outputs) {
  if (typeof answer?.dataSync === 'function') {
    return [[outputs[0].name, answer]];
  }
  return Array.isArray(answer) ? answer.map((tensor, at) => [outputs[at].name, tensor]) : Object.entries(answer);
}

function shapesOf(named) {
  return named.map(([, { shape, dtype }]) => ({ shape, dtype }));
}

function described(specs, seen) {
  return specs.map(({ name, shape, dtype }, at) => ({ name, shape: shape ?? seen[at].shape, dtype: dtype ?? seen[at].dtype }));
}

function told(kept, answers) {
  const declared = new Map(kept.outputs.map((spec) => [spec.name, spec]));
  return answers.map(({ name, shape, dtype }) => ({ name, shape: declared.get(name)?.shape ?? shape, dtype }));
}

function figures(taken) {
  if (taken.length === 0) {
    return {};
  }
  const sorted = [...taken].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median_ms: median, spread_ms: sorted.at(-1) - sorted[0], count: sorted.length };
}
