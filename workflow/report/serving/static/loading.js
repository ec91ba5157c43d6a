// Fetches model.json and the weight files, telling about every piece that arrives.

export async function fetchModel(files, onBytes) {
  const fetchFunc = async (url, options) => counted(await fetch(url, options), pathOf(url, files), onBytes);
  const handler = tf.io.http("model/model.json", { fetchFunc });
  return handler.load();
}

// TensorFlow.js asks for relative or absolute addresses; the files are listed relative to the model.
function pathOf(url, files) {
  const path = decodeURIComponent(new URL(url, location.href).pathname).replace(/^.*?\/model\//, "");
  return files.some((file) => file.path === path) ? path : files[0].path;
}

async function counted(response, path, onBytes) {
  if (!response.ok) throw new Error(`${path}: the server answered ${response.status}`);
  const reader = response.body.getReader();
  const pieces = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    onBytes(path, value.byteLength, false);
  }
  onBytes(path, 0, true);
  return new Response(new Blob(pieces), { status: 200, headers: response.headers });
}
