// The camera: asked for only when its button is pressed, released when another source is chosen.
import { paintCovering } from "./pixels.js";
import { byId } from "./screen.js";

const EVERY_MS = 200;

export function startCamera(_image, onChange) {
  const video = byId("video");
  const button = byId("camera");
  let stream = null;
  let timer = 0;
  const stop = () => {
    clearInterval(timer);
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    video.srcObject = null;
    button.textContent = "Start the camera";
  };
  const start = async () => {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
    } catch (error) {
      byId("camera-text").textContent = `No camera: ${error.message}`;
      return;
    }
    video.srcObject = stream;
    await video.play();
    button.textContent = "Stop";
    timer = setInterval(onChange, EVERY_MS);
  };
  button.addEventListener("click", () => (stream === null ? start() : stop()));
  return {
    stop,
    paint: (target) => {
      const ready = stream !== null && video.videoWidth > 0;
      if (ready) paintCovering(target, video, video.videoWidth, video.videoHeight);
      return ready;
    },
  };
}
