/**
 * Codes sound as Opus by WebCodecs, for a line that is slower than PCM. Each piece stands alone: it begins with a little of
 * what was before it, by which the decoder settles and which is not heard (RFC 7845, 4.6), so that one that is lost or sent
 * again harms no other.
 */

/** The rate (Hz) at which Opus works: at others the browser would resample, with a delay of its own. */
const RATE = 48_000;
const BITS_PER_SECOND = 32_000;
/** Samples of sound before a piece: 80 ms. */
export const LEAD = 3840;
/** Samples after it: what the encoder looks ahead, 6.5 ms, comes out with these. */
const TAIL = 960;
/** What the encoder looks ahead where the browser does not say it. */
const USUAL_SKIP = 312;

/** @typedef {{data: ArrayBuffer, sizes: number[], skip: number, lead: number}} Packed   samples at 48 kHz before the piece: both */

/** @type {AudioEncoderConfig} */
const CONFIG = { codec: "opus", sampleRate: RATE, numberOfChannels: 1, bitrate: BITS_PER_SECOND };

/** Whether this browser can. @param {number} rate Hz @returns {Promise<boolean>} */
export async function canPack(rate) {
  if (rate !== RATE || typeof AudioEncoder === "undefined") return false;
  try {
    return Boolean((await AudioEncoder.isConfigSupported(CONFIG)).supported);
  } catch {
    return false;
  }
}

/**
 * @param {ArrayBuffer | null} before int16 samples that come before, as many as there are at hand
 * @param {ArrayBuffer[]} pieces int16 samples
 * @returns {Promise<Packed>}
 */
export async function pack(before, pieces) {
  const lead = before ? new Int16Array(before).subarray(-LEAD) : new Int16Array(0);
  const samples = joined([lead, ...pieces.map((piece) => new Int16Array(piece)), new Int16Array(TAIL)]);
  /** @type {Uint8Array[]} */
  const packets = [];
  let skip = USUAL_SKIP;
  /** @type {unknown} */
  let failed = null;
  const encoder = new AudioEncoder({
    output(chunk, about) {
      const packet = new Uint8Array(chunk.byteLength);
      chunk.copyTo(packet);
      packets.push(packet);
      skip = skipOf(about?.decoderConfig?.description) ?? skip;
    },
    error(error) {
      failed = error;
    },
  });
  encoder.configure(CONFIG);
  const sound = new AudioData({
    format: "s16", sampleRate: RATE, numberOfFrames: samples.length, numberOfChannels: 1, timestamp: 0, data: samples,
  });
  encoder.encode(sound);
  sound.close();
  await encoder.flush();
  encoder.close();
  if (failed) throw failed;
  return { data: bytesOf(packets), sizes: packets.map((packet) => packet.length), skip, lead: lead.length };
}

/** The pre-skip that an Opus head names, in samples at 48 kHz. @param {AllowSharedBufferSource | undefined} head */
function skipOf(head) {
  if (!head || head.byteLength < 12) return null;
  const view = ArrayBuffer.isView(head) ? new DataView(head.buffer, head.byteOffset) : new DataView(head);
  return view.getUint16(10, true);
}

/** @param {Int16Array[]} parts */
function joined(parts) {
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** @param {Uint8Array[]} packets @returns {ArrayBuffer} */
function bytesOf(packets) {
  const whole = new Uint8Array(packets.reduce((sum, packet) => sum + packet.length, 0));
  let at = 0;
  for (const packet of packets) {
    whole.set(packet, at);
    at += packet.length;
  }
  return whole.buffer;
}
