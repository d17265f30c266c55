// What a microphone may be asked and what may be wrong with it, as pure functions.

/**
 * Everything that can stand between a click and a recording. Each has its own title and remedy in
 * the strings under `mic.problem.CODE` and `mic.problem.CODE.text`.
 * @typedef {"insecure" | "host" | "denied" | "none" | "busy" | "device" | "unplugged" | "interrupted"
 *   | "othertab" | "worklet" | "stalled" | "kernel" | "toolarge" | "incomplete" | "file" | "unknown" | ClipProblem} ProblemCode
 * @typedef {"noclips" | "nodecoder" | "format" | "nosound" | "large" | "reloaded" | "notarrived" | "unreadable"} ClipProblem
 *   what can go wrong with a clip beside what can with live sound
 * @typedef {{code: ProblemCode, detail: string}} Problem
 * @typedef {{echoCancellation: boolean, noiseSuppression: boolean, autoGainControl: boolean}} Processing
 */

/** Bytes of a file that may be opened; the kernel holds it in memory. */
export const UPLOAD_LIMIT = 2 * 2 ** 30;

/** @type {Readonly<Processing>} */
export const UNPROCESSED = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

/**
 * Tell what the page itself forbids, before anybody is asked for permission.
 * @param {{secure: boolean, devices: boolean, allowed: boolean, protocol: string, classes: string}} page
 * @returns {ProblemCode | null}
 */
export function pageProblem({ secure, devices, allowed, protocol, classes }) {
  if (protocol === "vscode-webview:" || /\bvscode-/.test(classes)) return "host";
  if (!secure) return "insecure";
  if (!devices || !allowed) return "host";
  return null;
}

/** @type {Record<string, ProblemCode>} */
const BY_ERROR = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "none",
  NotReadableError: "busy",
  AbortError: "busy",
  OverconstrainedError: "device",
};

/**
 * Tell what an error of getUserMedia means.
 * @param {unknown} error
 * @returns {Problem}
 */
export function problemOf(error) {
  const { name = "", message = "" } = /** @type {{name?: string, message?: string}} */ (error ?? {});
  return { code: BY_ERROR[name] ?? "unknown", detail: [name, message].filter(Boolean).join(": ") };
}

/**
 * Return the constraints to ask for. The rate stays the device's own: one forced on it costs 30 dB.
 * @param {string} deviceId empty for the system's default
 * @param {Processing} processing
 * @returns {MediaStreamConstraints}
 */
export function constraintsFor(deviceId, processing) {
  return { audio: { ...processing, ...(deviceId ? { deviceId: { exact: deviceId } } : {}) }, video: false };
}

/**
 * The settings a track really has, without the ids that identify a device.
 * @param {MediaTrackSettings} settings
 * @param {number} sampleRate of the audio context, at which the samples arrive
 * @returns {Record<string, number | boolean | null>}
 */
export function realSettings(settings, sampleRate) {
  return {
    sampleRate,
    deviceSampleRate: settings.sampleRate ?? null,
    channelCount: settings.channelCount ?? null,
    echoCancellation: settings.echoCancellation === undefined ? null : Boolean(settings.echoCancellation),
    noiseSuppression: settings.noiseSuppression ?? null,
    autoGainControl: settings.autoGainControl ?? null,
  };
}

/**
 * The length of the level meter: -60 dBFS is empty, 0 dBFS full.
 * @param {number} peak in [0, 1]
 * @returns {number} in [0, 1]
 */
export function meterLength(peak) {
  if (!(peak > 0)) return 0;
  return Math.max(0, Math.min(1, 1 + Math.log10(peak) / 3));
}

/**
 * Cut a file into slices that stay far below the 10 MiB a message may have.
 * @param {number} size bytes
 * @param {number} [slice] bytes
 * @returns {Array<[number, number]>} start and end of each slice; one empty slice for an empty file
 */
export function slicesOf(size, slice = 1 << 20) {
  /** @type {Array<[number, number]>} */
  const slices = [];
  for (let start = 0; start < size; start += slice) slices.push([start, Math.min(size, start + slice)]);
  return slices.length > 0 ? slices : [[0, 0]];
}
