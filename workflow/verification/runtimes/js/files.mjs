// A model on disk as TensorFlow.js takes it in Node: an IOHandler, for its own loader cannot read files.

import fs from 'node:fs/promises';
import path from 'node:path';

import { Named } from './failures.mjs';

// `json` is the path of the model.json, whatever its name is.
export function handler(tf, json) {
  return { load: () => load(tf, json) };
}

async function load(tf, json) {
  const document = parsed(await fs.readFile(json, 'utf8'), json);
  return tf.io.getModelArtifactsForJSON(document, async (manifest) => {
    const buffers = [];
    for (const file of manifest.flatMap((group) => group.paths)) {
      buffers.push(await buffer(path.join(path.dirname(json), file)));
    }
    return [manifest.flatMap((group) => group.weights), buffers];
  });
}

function parsed(text, json) {
  try {
    return JSON.parse(text);
  } catch (problem) {
    throw new Named('json', `${path.basename(json)} is not JSON: ${problem.message}`);
  }
}

// Returns a file as an ArrayBuffer of its own (a small Buffer of Node's shares one with others).
export async function buffer(file) {
  const bytes = await fs.readFile(file);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

// Returns the folder's index of an exchange set as functions that open and save its members.
export function member(folder) {
  return {
    open: (name) => buffer(path.join(folder, name)),
    save: (name, bytes) => fs.writeFile(path.join(folder, name), bytes),
  };
}
