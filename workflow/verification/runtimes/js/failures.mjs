// What an exception of TensorFlow.js means, as a kind that a program can act on and a sentence for people.

const KERNEL = /(?:Cannot find registered kernel|Kernel) '?(\w+)'?(?: is)?(?: not registered)? for (?:the )?backend '?(\w+)/i;

// In this order: the first pattern that matches gives the kind, its function the sentence.
const KINDS = [
  [KERNEL, 'kernel', (found) => `the backend ${found[2]} has no kernel ${found[1]}`],
  [
    /Unknown layer: (\w+)/,
    'layer',
    (found) => `TensorFlow.js has no layer ${found[1]}: a graph model of this network may run`,
  ],
  [
    /Unknown activation: geluNew/,
    'layer',
    () => 'TensorFlow.js does not find its own activation gelu_new when a file names it (it looks for geluNew)',
  ],
  [/Unknown (\w+): (\w+)/, 'layer', (found) => `TensorFlow.js has no ${found[1]} called ${found[2]}`],
  [/Unknown op '?(\w+)|[Oo]p '?(\w+)'? is not (?:supported|implemented)/, 'op', operation],
  [/ENOENT.*'([^']+)'/, 'files', (found) => `a file of the model is missing: ${found[1]}`],
  [/Request to (\S+) failed with status code (\d+)/, 'files', (found) => `${nameOf(found[1])} is not served (${found[2]})`],
  [/JSON at position|Unexpected token|Unexpected end of JSON|Failed to parse model JSON/, 'json', asTold],
  [/out of memory|allocation failed|Aborted\(|memory access out of bounds|unreachable/i, 'memory', asTold],
  [/[Cc]ontext (?:was )?lost|CONTEXT_LOST|[Dd]evice (?:was )?lost/, 'device', asTold],
  [/target variable|not set: |weight data|Weight .* (?:missing|not found)|weightSpec|weights? manifest/i, 'weights', asTold],
  [/byte length|buffer length|typed array length|out(?:side)? (?:of )?(?:the )?bounds|should have \d+ values/i, 'weights', asTold],
  [/dict\[|Input tensor count mismatch|number of (?:input|Tensors)|Missing the following inputs|does not fit into/i, 'inputs', asTold],
  [/incompatible with layer|ndim|[Ss]hapes?\b|[Rr]ank|dimensions?\b/, 'shape', asTold],
];

function operation(found) {
  return `TensorFlow.js has no operation ${found[1] ?? found[2]}`;
}

function asTold(found, text) {
  return text;
}

function nameOf(url) {
  return url.split('/').pop();
}

// A failure that is already a kind and a sentence.
export class Named extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

// Returns {kind, message, phase}; `phase` is what was going on: "load", "run".
export function explain(problem, phase) {
  const text = withPlace(withPlace(firstLines(problem), 'layer', problem?.layer), 'node', problem?.node);
  if (problem instanceof Named) {
    return { kind: problem.kind, message: text, phase };
  }
  for (const [pattern, kind, say] of KINDS) {
    const found = pattern.exec(text);
    if (found) {
      return { kind, message: say(found, text), phase };
    }
  }
  return { kind: phase, message: text, phase };
}

// Has what goes wrong while a layer computes say in which one that is: the innermost, once for each TensorFlow.js.
export function nameLayers(tf) {
  const layers = tf.layers?.Layer?.prototype;
  if (!layers || layers.apply.isNaming) {
    return;
  }
  const { apply } = layers;
  layers.apply = function naming(...given) {
    try {
      return apply.apply(this, given);
    } catch (problem) {
      if (problem instanceof Error) {
        problem.layer ??= this.name;
      }
      throw problem;
    }
  };
  layers.apply.isNaming = true;
}

function withPlace(text, what, name) {
  return name && !text.includes(name) ? `${text} (in the ${what} ${name})` : text;
}

// Returns the name of the kernel that the backend lacks, or null when that is not what went wrong.
export function missingKernel(problem) {
  return KERNEL.exec(String(problem?.message ?? problem))?.[1] ?? null;
}

function firstLines(problem) {
  const text = String(problem?.message || problem).trim();
  return text.split('\n').slice(0, 3).join(' ').slice(0, 600);
}
