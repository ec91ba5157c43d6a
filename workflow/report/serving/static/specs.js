// What a model takes and gives, and whether it is an image classifier.

export const isGraph = (model) => model instanceof tf.GraphModel;

// Each is {side, name, shape, dtype}; shape is null where the model does not say it, a length null where it is open.
export function specsOf(model) {
  return [...specsOfSide(model, "in"), ...specsOfSide(model, "out")];
}

function specsOfSide(model, side) {
  const [tensors, names] = side === "in" ? [model.inputs, model.inputNames] : [model.outputs, model.outputNames];
  const declared = isGraph(model) ? Object.entries(model.modelSignature?.[side === "in" ? "inputs" : "outputs"] ?? {}) : [];
  return tensors.map((each, index) => {
    const [name, port] = declared.find(([, { name: node }]) => nodeOf(node) === nodeOf(each.name)) ?? [];
    const shape = each.shape ?? port?.tensorShape?.dim?.map(({ size }) => Number(size ?? -1)) ?? null;
    return {
      side,
      feed: each.name,
      name: name ?? (isGraph(model) ? each.name : (names?.[index] ?? each.name)),
      shape: shape?.map(known) ?? null,
      dtype: each.dtype ?? DTYPES[port?.dtype] ?? "",
    };
  });
}

const DTYPES = { DT_FLOAT: "float32", DT_INT32: "int32", DT_BOOL: "bool", DT_STRING: "string", 1: "float32", 3: "int32" };
const nodeOf = (name) => `${name}`.split(":")[0];
const known = (length) => (length === null || length === undefined || length < 0 ? null : length);

// One image in, one row of classes out: then the page can be played with.
export function imageInputOf(model) {
  const specs = specsOf(model);
  const inputs = specs.filter((each) => each.side === "in");
  const outputs = specs.filter((each) => each.side === "out");
  if (inputs.length !== 1 || outputs.length !== 1) return null;
  const [, height, width, channels] = inputs[0].shape ?? [];
  const answers = outputs[0].shape;
  const image = inputs[0].shape?.length === 4 && [1, 3].includes(channels);
  if (!image || (answers !== null && answers.length !== 2)) return null;
  return { height: height ?? 224, width: width ?? 224, channels, dtype: inputs[0].dtype, first: firstLayer(model) };
}

function firstLayer(model) {
  return isGraph(model) ? "" : (model.layers.find((layer) => layer.getClassName() !== "InputLayer")?.getClassName() ?? "");
}

// Inputs of the right shape and type for measuring; open sizes become 1, open image sides 224.
export function anyInputs(model) {
  const made = {};
  for (const { feed, shape, dtype } of specsOfSide(model, "in")) {
    const image = shape?.length === 4;
    const sizes = (shape ?? []).map((length, axis) => length ?? (image && (axis === 1 || axis === 2) ? 224 : 1));
    made[feed] = (FILLED[dtype] ?? ((lengths) => tf.randomUniform(lengths, 0, 1, "float32", 7)))(sizes);
  }
  return made;
}

const FILLED = {
  int32: (sizes) => tf.zeros(sizes, "int32"), // in the range of every embedding
  bool: (sizes) => tf.zeros(sizes, "bool"),
  string: (sizes) => tf.fill(sizes, "", "string"),
};

// Graphs with control flow cannot run synchronously; which ones only shows when they are asked to.
export async function predict(model, inputs) {
  const feed = isGraph(model) ? inputs : model.inputs.map((each) => inputs[each.name]);
  try {
    return flat(model.predict(isGraph(model) ? feed : feed.length === 1 ? feed[0] : feed));
  } catch (error) {
    if (!isGraph(model) || !/executeAsync/.test(`${error.message}`)) throw error;
    return flat(await model.executeAsync(feed));
  }
}

const flat = (outputs) => (outputs instanceof tf.Tensor ? [outputs] : Array.isArray(outputs) ? outputs : Object.values(outputs));
