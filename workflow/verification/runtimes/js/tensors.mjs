// Tensors from and to the raw little-endian files of an exchange set; the same code in Node and in the page.

const INT32 = [-(2 ** 31), 2 ** 31 - 1];

// dtype of the file: the dtype that TensorFlow.js has for it, and its values
const READERS = {
  float32: ['float32', (raw) => new Float32Array(raw)],
  float64: ['float32', (raw) => Float32Array.from(new Float64Array(raw))],
  int32: ['int32', (raw) => new Int32Array(raw)],
  int64: ['int32', (raw) => Int32Array.from(new BigInt64Array(raw), narrowed)],
  uint32: ['int32', (raw) => Int32Array.from(new Uint32Array(raw), narrowed)],
  int16: ['int32', (raw) => Int32Array.from(new Int16Array(raw))],
  uint16: ['int32', (raw) => Int32Array.from(new Uint16Array(raw))],
  int8: ['int32', (raw) => Int32Array.from(new Int8Array(raw))],
  uint8: ['int32', (raw) => Int32Array.from(new Uint8Array(raw))],
  bool: ['bool', (raw) => new Uint8Array(raw)],
  string: ['string', texts],
};

function narrowed(value) {
  const number = Number(value);
  if (number < INT32[0] || number > INT32[1]) {
    throw new Error(`the input value ${value} does not fit into int32, the widest integer of TensorFlow.js`);
  }
  return number;
}

function texts(raw) {
  const view = new DataView(raw);
  const found = [];
  for (let at = 0; at < raw.byteLength; ) {
    const size = view.getUint32(at, true);
    found.push(new Uint8Array(raw.slice(at + 4, at + 4 + size)));
    at += 4 + size;
  }
  return found;
}

function joined(pieces) {
  const raw = new Uint8Array(pieces.reduce((sum, piece) => sum + 4 + piece.length, 0));
  const view = new DataView(raw.buffer);
  let at = 0;
  for (const piece of pieces) {
    view.setUint32(at, piece.length, true);
    raw.set(piece, at + 4);
    at += 4 + piece.length;
  }
  return raw;
}

// Reads a set with `open(name) -> ArrayBuffer` and returns [name, tensor] pairs in order; the caller disposes them.
export async function read(tf, open) {
  const index = JSON.parse(new TextDecoder().decode(await open('tensors.json')));
  const found = [];
  for (const { name, shape, dtype, file } of index) {
    if (!Object.hasOwn(READERS, dtype)) {
      throw new Error(`the input ${name} has the dtype ${dtype}, which TensorFlow.js does not have`);
    }
    const [own, values] = READERS[dtype];
    found.push([name, tf.tensor(values(await open(file)), shape, own)]);
  }
  return found;
}

// Takes the values of [name, tensor] pairs off the device: [{name, shape, dtype, bytes}].
export async function fetched(named) {
  const found = [];
  for (const [name, tensor] of named) {
    const bytes = tensor.dtype === 'string' ? joined(await tensor.bytes()) : bytesOf(await tensor.data());
    found.push({ name, shape: tensor.shape, dtype: tensor.dtype, bytes });
  }
  return found;
}

function bytesOf(values) {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

// Writes what `fetched` gave with `save(name, bytes)`, the index last.
export async function write(answers, save) {
  const index = [];
  for (const [number, { name, shape, dtype, bytes }] of answers.entries()) {
    const file = `${number}.bin`;
    await save(file, bytes);
    index.push({ name, shape, dtype, file });
  }
  await save('tensors.json', new TextEncoder().encode(JSON.stringify(index)));
}
