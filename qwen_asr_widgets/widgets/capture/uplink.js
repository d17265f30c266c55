// The way from the browser to the kernel: custom messages only. A synced trait would make the kernel
// answer, and an answer from a cell binds this widget's messages to that cell's thread.

import { newId } from "../shared/dom.js";
import { slicesOf } from "./capture.js";

const HEARTBEAT_MS = 1000;

/**
 * @typedef {{send: (content: object, callbacks?: unknown, buffers?: ArrayBuffer[]) => void}} Sender
 */

export class Uplink {
  /**
   * @param {Sender} sender
   * @param {() => void} beaten called after each heartbeat
   */
  constructor(sender, beaten) {
    this.sender = sender;
    this.beaten = beaten;
    /** One identity for each page that shows the widget. */
    this.client = newId();
    this.number = 0;
    /** The recording that is spoken of. */
    this.session = "";
    this.rate = 0;
    /** Whether it was said that the kernel cannot be reached. */
    this.unreachable = false;
    /** The number of the first chunk that was not sent. @type {() => number | undefined} */
    this.sentUpto = () => undefined;
    /** @type {number | undefined} */
    this.timer = undefined;
  }

  /** Begin a new session: chunks are numbered from 0 again. */
  open() {
    this.number += 1;
    this.session = `${this.client}/${this.number}`;
  }

  /** Go on with a session that another widget of this page has begun. @param {string} session @param {number} rate */
  takeUp(session, rate) {
    this.session = session;
    this.rate = rate;
    this.beat();
  }

  /**
   * Say that a recording begins; whether the kernel could be told.
   * @param {{rate: number, label: string, settings: object, asked: object, startDelay: number,
   *   browser: string}} about
   */
  start({ rate, label, settings, asked, startDelay, browser }) {
    this.rate = rate;
    if (!this.reach("start", { label, settings, asked, start_delay: startDelay, browser })) return false;
    this.beat();
    return true;
  }

  /** Say now and then that the recording goes on. */
  beat() {
    this.timer = window.setInterval(() => {
      this.reach("beat", { upto: this.sentUpto() });
      this.beaten();
    }, HEARTBEAT_MS);
  }

  /**
   * Send where that is possible; whether it was. A front end that has lost its network may keep it for later.
   * @param {string} kind
   * @param {object} [content]
   * @param {ArrayBuffer[]} [buffers]
   */
  reach(kind, content, buffers) {
    try {
      this.tell(kind, content, buffers);
      return true;
    } catch (error) {
      if (!this.unreachable) console.warn("qwen_asr_widgets: the kernel cannot be reached", error);
      this.unreachable = true;
      return false;
    }
  }

  /**
   * @param {string} kind
   * @param {object} [content]
   * @param {ArrayBuffer[]} [buffers]
   */
  tell(kind, content = {}, buffers = []) {
    const { client, session, rate } = this;
    this.sender.send({ kind, client, session, rate, ...content }, undefined, buffers);
  }

  /**
   * Send a file in slices; the page stays responsive because each is read only when its turn comes.
   * @param {import("./upload.js").Upload} upload
   * @param {(sent: number) => void} progress
   */
  async file(upload, progress) {
    const { file, id } = upload;
    const { name, size } = file;
    const slices = slicesOf(size);
    for (const [index, [start, end]] of slices.entries()) {
      const bytes = await file.slice(start, end).arrayBuffer();
      if (!(await upload.room(start))) return;
      this.tell("file", { upload: id, name, size, slice: index, slices: slices.length }, [bytes]);
      progress(end);
    }
  }

  /** Stop the heartbeat. */
  close() {
    window.clearInterval(this.timer);
    this.timer = undefined;
  }
}
