/**
 * Files that the kernel makes: asked for, collected slice by slice, and saved or put on the clipboard.
 *
 * @import { SavedMessage, Send } from "../shared/messages.js"
 * @import { Translate } from "../shared/strings.js"
 *
 * @typedef {{ending: string, use: string}[]} Menu the formats that the kernel can write
 * @typedef {{slices: number, parts: (ArrayBuffer | undefined)[], done: (blob: Blob, name: string) => void,
 *   failed: (why: Error) => void}} Job
 */
import { button, make, newId, saveFile } from "../shared/dom.js";
import { isKey } from "../shared/strings.js";
import { takeSlice } from "./logic.js";

/** How many formats are in sight at once; the kernel's list begins with those that most people want. */
const COMMON = 8;

/**
 * A button for each format, with what it is good for: in the language of the page where that is known, else as
 * the kernel's list of formats says it.
 * @param {Translate} t @param {AbortSignal} signal @param {Menu} menu @param {(format: string) => void} save
 */
export function createFormats(t, signal, menu, save) {
  const made = menu.map(({ ending, use }) => {
    const key = `transcriber.save.${ending}`;
    const one = button("", () => save(ending), signal, { class: "qaw-format" });
    one.append(make("b", {}, `.${ending}`), " ", make("span", { class: "qaw-dim" }, isKey(key) ? t(key) : use));
    return one;
  });
  const others = make("details", {}, make("summary", {}, t("transcriber.save.more")));
  others.append(make("div", { class: "qaw-formats" }, ...made.slice(COMMON)));
  return make("div", { class: "qaw-save" }, make("div", { class: "qaw-formats" }, ...made.slice(0, COMMON)), others);
}

/** @param {Send} send @param {Menu} menu */
export function createSaver(send, menu) {
  /** @type {Map<string, Job>} */
  const jobs = new Map();

  /** @type {Map<string, {done: (where: string) => void, failed: (why: Error) => void}>} files that the kernel writes itself */
  const written = new Map();

  /** @param {string} format */
  const ask = (format) => collect((job) => send({ kind: "save", format, job }));

  /** @param {(job: string) => void} say asks for the file @returns {Promise<{blob: Blob, name: string}>} */
  function collect(say) {
    const job = newId();
    return new Promise((resolve, reject) => {
      jobs.set(job, {
        slices: 0, parts: [], done: (blob, name) => resolve({ blob, name }), failed: reject,
      });
      say(job);
    });
  }

  return {
    menu,
    /** Take a `saved` message. @param {SavedMessage} message @param {DataView[]} buffers */
    receive(message, buffers) {
      const here = written.get(message.job);
      if (here) {
        written.delete(message.job);
        if (message.error !== undefined) here.failed(new Error(message.error));
        else if (message.where !== undefined) here.done(message.where);
        return;
      }
      const job = jobs.get(message.job);
      if (!job) return;
      if (message.error !== undefined) {
        jobs.delete(message.job);
        job.failed(new Error(message.error));
        return;
      }
      if (message.where !== undefined) return;
      job.slices = message.slices;
      const parts = takeSlice(job, message.slice, buffers[0]);
      if (!parts) return;
      jobs.delete(message.job);
      send({ kind: "stored", job: message.job });
      job.done(new Blob(parts, { type: message.type }), message.name);
    },
    /** Save in a format. @param {string} format */
    async download(format) {
      const { blob, name } = await ask(format);
      saveFile(blob, name);
    },
    /** Have the kernel write a file beside the notebook. @param {string} format @returns {Promise<string>} where it is */
    writeHere(format) {
      const job = newId();
      return new Promise((done, failed) => {
        written.set(job, { done, failed });
        send({ kind: "save-here", format, job });
      });
    },
    /** Save the sound of a stretch. @param {{start: number, end: number}} part seconds */
    async downloadPart({ start, end }) {
      const { blob, name } = await collect((job) => send({ kind: "part-save", start, end, job }));
      saveFile(blob, name);
    },
    /**
     * Put a picture on the clipboard; where the browser refuses, save it instead.
     * @returns {Promise<"copied" | "saved">}
     */
    async copyPicture() {
      const made = ask("png");
      try {
        // The promise goes in whole: the browser's leave to write lasts only as long as the click.
        await navigator.clipboard.write([new ClipboardItem({ "image/png": made.then(({ blob }) => blob) })]);
        return "copied";
      } catch {
        const { blob, name } = await made;
        saveFile(blob, name);
        return "saved";
      }
    },
  };
}
