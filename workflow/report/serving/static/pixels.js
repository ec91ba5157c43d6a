// From a canvas to the tensor that the model takes.

export const RANGES = {
  unit: { text: "0 to 1", scale: 1 / 255, shift: 0 },
  signed: { text: "-1 to 1", scale: 1 / 127.5, shift: -1 },
  bytes: { text: "0 to 255", scale: 1, shift: 0 },
};

// A model that rescales by itself takes bytes; colour networks of Keras mostly take -1 to 1.
export function rangeFor({ channels, first, dtype }) {
  if (dtype === "int32" || first === "Rescaling" || first === "Normalization") return "bytes";
  return channels === 3 ? "signed" : "unit";
}

export function imageTensor(canvas, { width, height, channels, dtype }, range) {
  const { scale, shift } = RANGES[range];
  const { data } = canvas.getContext("2d", { willReadFrequently: true }).getImageData(0, 0, width, height);
  const values = new Float32Array(width * height * channels);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const [red, green, blue] = data.subarray(4 * pixel, 4 * pixel + 3);
    const parts = channels === 1 ? [0.299 * red + 0.587 * green + 0.114 * blue] : [red, green, blue];
    for (let channel = 0; channel < channels; channel += 1) values[pixel * channels + channel] = parts[channel] * scale + shift;
  }
  const shape = [1, height, width, channels];
  return dtype === "int32" ? tf.tensor(Int32Array.from(values), shape, "int32") : tf.tensor(values, shape, "float32");
}

// The middle of a picture or video, as large as fits.
export function paintCovering(target, source, width, height) {
  const side = Math.max(target.width / width, target.height / height);
  const context = target.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  const x = (target.width - width * side) / 2;
  const y = (target.height - height * side) / 2;
  context.drawImage(source, x, y, width * side, height * side);
}
