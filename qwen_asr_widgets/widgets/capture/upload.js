// A file on its way from the page to the kernel: how far it is, whether it may go on, and what stopped it.

import { UPLOAD_LIMIT } from "./capture.js";
import { newId } from "../shared/dom.js";
import { size as sizeText } from "../shared/format.js";

/** Bytes that may be ahead of what the kernel says it has taken; what is further ahead could not be called back. */
export const AHEAD = 8 << 20;

/** Milliseconds without an answer after which the kernel counts as busy. */
export const QUIET_MS = 2000;

/** @typedef {import("./capture.js").ProblemCode} ProblemCode */

export class Upload {
  /** @param {File} file @param {boolean} answered whether the kernel says what it has taken */
  constructor(file, answered) {
    this.file = file;
    this.answered = answered;
    this.id = newId();
    this.taken = 0;
    this.over = false;
    this.goOn = () => {};
  }

  /** The kernel has so much of it. @param {number} bytes */
  took(bytes) {
    this.taken = Math.max(this.taken, bytes);
    this.goOn();
  }

  giveUp() {
    this.over = true;
    this.goOn();
  }

  /** Wait until what follows the first `sent` bytes may be sent; false once the file was given up. @param {number} sent */
  async room(sent) {
    while (!this.over && this.answered && sent - this.taken >= AHEAD) {
      await new Promise((done) => { this.goOn = () => done(undefined); });
    }
    return !this.over;
  }
}

/** Opens files for a capture controller, whose state says how far the latest one is. */
export class FileWay {
  /** @param {import("./controller.js").CaptureController} controller */
  constructor(controller) {
    this.controller = controller;
    /** Whether the kernel says what it has taken of a file, and that it has read it. */
    this.answered = false;
    /** @type {Upload | null} */
    this.upload = null;
    /** @type {number | undefined} */
    this.timer = undefined;
  }

  /** @param {File} file */
  async open(file) {
    const { name, size } = file;
    this.giveUp();
    if (size > UPLOAD_LIMIT) return this.fail("toolarge", `${name} (${sizeText(size)})`);
    const upload = new Upload(file, this.answered);
    this.upload = upload;
    this.watch(upload);
    this.controller.set({ file: { name, size, sent: 0, taken: 0 }, problem: null });
    try {
      await this.controller.uplink.file(upload, (sent) => this.move(upload, { sent }));
    } catch (error) {
      // What cannot be read says so with a DOMException; a kernel that is gone with an Error.
      if (!upload.over) this.fail(error instanceof DOMException ? "file" : "kernel", String(error));
    }
  }

  /** The kernel has answered, or is waited for from now on: see whether it goes on to answer. @param {Upload} upload */
  watch(upload) {
    const { controller } = this;
    controller.word();
    window.clearTimeout(this.timer);
    if (upload.answered) this.timer = window.setTimeout(() => { if (!upload.over) controller.set({ quiet: true }); }, QUIET_MS);
  }

  /** @param {ProblemCode} code @param {string} detail */
  fail(code, detail) {
    const { controller } = this;
    this.drop();
    controller.set({ problem: { code, detail, seconds: 0 } });
    controller.uplink.reach("problem", { code, detail });
  }

  /** @param {Upload} upload @param {{sent?: number, taken?: number}} change */
  move(upload, change) {
    const { file } = this.controller.state;
    if (file && this.upload === upload) this.controller.set({ file: { ...file, ...change } });
  }

  /** What the kernel says of a file. @param {{kind: string, upload?: string, bytes?: number}} message */
  hear({ kind, upload, bytes = 0 }) {
    if (!this.upload || this.upload.id !== upload) return;
    this.watch(this.upload);
    this.upload.took(bytes);
    if (kind === "opened") this.drop();
    else this.move(this.upload, { taken: bytes });
  }

  /** Send no more of the file on its way, and have the kernel forget what it has of it. */
  giveUp() {
    const { controller, upload } = this;
    if (!upload?.answered) return;
    this.drop();
    controller.uplink.reach("forget", { upload: upload.id });
  }

  drop() {
    this.upload?.giveUp();
    this.upload = null;
    window.clearTimeout(this.timer);
    this.controller.set({ file: null, quiet: false });
  }
}
