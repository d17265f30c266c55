/**
 * What the transcriber shows in which state, as pure functions: nothing here touches the page.
 *
 * @import { State } from "../capture/controller.js"
 * @import { Translate } from "../shared/strings.js"
 *
 * @typedef {"service" | "client" | "manual"} Turns   who takes them
 * @typedef {{threshold: number, silence: number, padding: number, language: string, context: string,
 *   turns: Turns, ends?: string}} Config   ends: the model that says when turns of this computer are over
 * @typedef {{minute: string, source: string, seen: string, grade: string}} Price
 * @typedef {object} EndpointState
 * @property {string} id       embedded | standin | beijing | singapore | custom | given
 * @property {string} name
 * @property {boolean} offline
 * @property {boolean} standin it does as DashScope is reported to do, on this computer
 * @property {string} url
 * @property {string} engine   what recordings call it
 * @property {string} refused  an address that was given and is none
 * @property {string} given    name of the endpoint passed in Python, if it is none of the others
 * @property {boolean} cloud   sound leaves this computer
 * @property {string[]} goes_to the hosts that it is sent to
 * @property {Recognizer[]} recognizers of the embedded service
 * @property {string} model    the published model that is loaded; empty where the recogniser has one alone
 * @property {boolean} dashscope
 * @property {boolean} has_key
 * @property {boolean} english_only
 * @property {string} improvement the command that installs a better recogniser than the one that stands in; else ""
 * @property {boolean} renews   settings that change midway take a new session
 * @property {Record<string, Price[]>} prices
 * @property {Record<string, string>} hosts  of the regions
 *
 * @typedef {object} Recognizer
 * @property {string} id       what choosing it sends; empty where it is chosen in Python alone
 * @property {string} name
 * @property {boolean} installed
 * @property {string} command  that installs it
 * @property {string[] | null} languages codes; null: any
 * @property {number | null} megabytes that it takes on disk
 * @property {{name: string, megabytes: number | null}[]} models of which one is downloaded
 * @property {boolean} sends   sound goes on to a server
 *
 * @typedef {{count?: number, n?: number, median?: number | null, p95?: number | null, longest?: number | null, pace?: number | null,
 *   left_out?: number, off_pace?: number}} Figures  seconds; `left_out`, `off_pace`: how many have no wait to count, and why
 * @typedef {"key" | "nokey" | "connect" | "refused" | "closed" | "service" | "endpoint" | "settings" | "file" | "empty" | "missing"
 *   | "internal" | "reported" | "chosen" | "unanswered" | "model" | "fetch" | "uninstalled"} NoticeCode   as `Notice` in notices.py
 * @typedef {object} Notice
 * @property {number} id
 * @property {NoticeCode} code
 * @property {string} detail
 * @property {{name?: string, param?: string, value?: number, low?: number, high?: number, megabytes?: number | null,
 *   source?: string, folder?: string}} [about]  of a file, of a setting out of its range, or of a model to be downloaded
 * @property {number} kept    seconds of a recording that is over
 * @property {number} since   seconds from which on a service had not answered
 * @property {number} unsent  seconds of sound that did not go out
 *
 * @typedef {"retry" | "key" | "endpoint" | "settings" | "open" | "dismiss" | "fetch"} Way
 *
 * @typedef {{count: number, differ: boolean, taken: number | "mean"}} Channels
 *
 * @typedef {{metric: "WER" | "CER", rate: number, count: number, of: number}} Judged  `count` of so many were corrected
 *
 * @typedef {{where: string, problem: string, until: number}} Kept  a folder; why nothing more goes there, from second `until` on
 * @typedef {{id: string, name: string, when: string, seconds: number}} Left  `when` as ISO 8601
 *
 * @typedef {object} Kernel   the `state` message
 * @property {"empty" | "ready" | "connecting" | "live" | "finishing" | "failed" | "done"} phase
 * @property {"" | "mic" | "file"} source
 * @property {{name: string, engine: string, made_by: string, settings: import("../compare_view/runs.js").Held[]} | null} run who made the
 *   words on show, of what
 * @property {{sent: number, of: number} | null} partly seconds of a sound that did not go out whole
 * @property {boolean} paused
 * @property {boolean} waiting  only answers are still to come, and sound that was taken already may still go out
 * @property {number | null} progress
 * @property {number | null} pace
 * @property {string} title
 * @property {number} total   seconds of a file
 * @property {number} seconds of the sound at hand
 * @property {boolean} asks   that is so long that it is asked first how to transcribe it
 * @property {{start: number, end: number, of: string} | null} part of which stretch of which sound it is
 * @property {number} behind  seconds not sent yet
 * @property {{tries: number, waiting: number} | null} outage  a lost connection that is taken up again; seconds of sound wait for it
 * @property {boolean} slow_line  the line carries less than real time of PCM
 * @property {boolean} renewing  settings wait for a new session
 * @property {number} silent  seconds for which the service has not answered
 * @property {number} slow    seconds by which the recogniser says it is behind
 * @property {number} lost    seconds that never left the browser
 * @property {boolean} clipped a file that was recorded too loud
 * @property {Notice | null} notice
 * @property {{kind: "loading" | "fetching", name: string, megabytes: number | null} | null} preparing what the recogniser's
 *   getting ready takes noticeable time for
 * @property {EndpointState} endpoint
 * @property {Config} config
 * @property {Figures} figures
 * @property {import("./runs/switcher.js").KeptRun[]} runs that stay, oldest first
 * @property {import("../transcript/correcting.js").Corrections} corrections of the run on show
 * @property {Judged | null} judged how far its words are from what was said
 * @property {boolean} replaying  the run is seen again, from its beginning on
 * @property {boolean} delays     what the waits consist of is shown
 * @property {boolean} protocol   what client and service say to each other is shown
 * @property {Channels | null} channels of the file at hand, where it has several
 * @property {boolean} clips  Record records a clip first
 * @property {string} clip_uid of the recorder of clips, empty before there is one
 * @property {boolean} beside_cells whether sound reaches the kernel while a cell runs
 * @property {string} recorder the page that records live, empty where none does
 * @property {boolean} away   nothing is heard of that page; what it records meanwhile is still waited for
 * @property {Kept | null} kept   the copy on disk of the recording on show
 * @property {Left[]} left   recordings that kernels which ended have left on disk, newest first
 */
import { clock, duration } from "../shared/format.js";
import { recognizerName, sizeText } from "./endpoint/recognizer_text.js";

export const SILENCE = /** @type {const} */ ([200, 6000]);
/** Below this many utterances percentiles say nothing; the longest wait does. */
const MANY = 20;

/** @returns {Kernel} what is shown until the kernel has spoken */
export function unknownState() {
  return {
    phase: "empty", source: "", paused: false, waiting: false, progress: null, pace: 1, title: "", total: 0,
    seconds: 0, asks: false, part: null,
    behind: 0, slow: 0, outage: null, slow_line: false, renewing: false, silent: 0, lost: 0, clipped: false,
    notice: null, run: null, partly: null, preparing: null,
    endpoint: {
      id: "embedded", name: "", engine: "", offline: true, standin: false, url: "", refused: "", given: "",
      cloud: false, goes_to: [], recognizers: [], model: "", dashscope: false, has_key: false, english_only: false,
      improvement: "", renews: false, prices: {}, hosts: {},
    },
    config: { threshold: 0.2, silence: 800, padding: 300, language: "", context: "", turns: "service" },
    figures: {}, runs: [], corrections: {}, judged: null,
    channels: null, clips: false, clip_uid: "", recorder: "", away: false,
    beside_cells: true, kept: null, left: [], replaying: false, protocol: false, delays: false,
  };
}

/** Languages in the service's documentation, whose list is an open one. */
export const LANGUAGES = (
  "zh yue en ja de ko ru fr pt ar it es hi id th tr uk vi cs da fil fi is ms no pl sv"
).split(" ");

/**
 * What stands against a language; empty when nothing does.
 * @param {string} language @param {boolean} englishOnly the recogniser knows no other @param {Translate} t
 */
export function languageHint(language, englishOnly, t) {
  if (!language) return "";
  const main = language.split(/[-_]/)[0].toLowerCase();
  if (englishOnly) return main === "en" ? "" : t("transcriber.settings.englishOnly");
  return LANGUAGES.includes(main) ? "" : t("transcriber.settings.undocumented", { language });
}

/** Whether a run is under way. @param {Kernel} kernel */
export function isRunning({ phase }) {
  return phase !== "empty" && phase !== "ready" && phase !== "done";
}

/** Whether so much stands in the bar that the settings are named in few words there. @param {Kernel} kernel */
export function isCrowded(kernel) {
  return !isRunning(kernel) || kernel.source === "file";
}

/** What one channel is called. @param {number | "mean"} channel from 0 @param {number} count @param {Translate} t */
export function channelText(channel, count, t) {
  if (channel === "mean") return t("transcriber.channel.mean");
  if (count === 2) return t(channel === 0 ? "transcriber.channel.left" : "transcriber.channel.right");
  return t("transcriber.channel.number", { number: channel + 1 });
}

/**
 * Whether another tab or browser records; a page that was just reloaded is still its own predecessor.
 * @param {Kernel} kernel @param {string} client of this page @param {string | undefined} problem what this page shows
 */
export function recordsElsewhere({ recorder, away }, client, problem) {
  return recorder !== "" && recorder !== client && (away || problem !== "interrupted");
}

/** The place of a silence on a logarithmic slider, in [0, 1000]. @param {number} ms */
export function silenceToSlider(ms) {
  const [low, high] = SILENCE;
  return Math.round((1000 * Math.log(ms / low)) / Math.log(high / low));
}

/** The silence at a place of the slider, in whole tens of milliseconds. @param {number} place in [0, 1000] */
export function sliderToSilence(place) {
  const [low, high] = SILENCE;
  const ms = low * (high / low) ** (place / 1000);
  return Math.min(high, Math.max(low, Math.round(ms / 10) * 10));
}

/** The settings in a few words. @param {Config} config @param {Translate} t */
export function settingsText(config, t) {
  if (config.turns === "manual") return t("transcriber.settings.manualShort");
  const said = t("transcriber.settings.short", { threshold: config.threshold.toFixed(2), silence: config.silence });
  if (config.turns !== "client") return said;
  return [said, t("transcriber.settings.clientShort"), config.ends].filter(Boolean).join(" · ");
}

/** The same where there is little room. @param {Config} config @param {Translate} t */
export function settingsShort(config, t) {
  if (config.turns === "manual") return t("transcriber.settings.manualShort");
  const said = `${config.threshold.toFixed(2)} · ${config.silence} ${t("common.ms")}`;
  return config.turns === "client" ? `${said} · ${t("transcriber.settings.clientShort")}` : said;
}

/** What the recogniser is called. @param {EndpointState} endpoint @param {Translate} t */
export function endpointText(endpoint, t) {
  if (endpoint.standin) return t("transcriber.standin", { name: endpoint.name });
  if (endpoint.offline && endpoint.cloud) return t("transcriber.server", { hosts: endpoint.goes_to.join(t("run.comma")) });
  if (endpoint.offline) return t("transcriber.offline", { name: endpoint.name });
  if (endpoint.id === "beijing" || endpoint.id === "singapore") return t(`transcriber.endpoint.${endpoint.id}`);
  return endpoint.name;
}

/**
 * Which recogniser the form shows as chosen: another address stays chosen until it is a good one.
 * @param {EndpointState} endpoint @param {boolean} typing an address is being given @param {boolean} locked a run is under way
 */
export function shownEndpoint(endpoint, typing, locked) {
  return !locked && (typing || endpoint.refused) ? "custom" : endpoint.id;
}

/** What stands against the address that was given; empty when nothing does. @param {EndpointState} endpoint @param {Translate} t */
export function addressHint(endpoint, t) {
  return endpoint.refused ? t("transcriber.endpoint.refused", { name: endpointText(endpoint, t) }) : "";
}

/** @param {Price[]} prices @param {Translate} t */
export function priceText(prices, t) {
  if (!prices?.length) return "";
  const amounts = prices.map((price) => price.minute).join(" / ");
  const { source, seen, grade } = prices[0];
  return t("transcriber.price", { amounts, source: source.replace(/,.*/, ""), seen, grade });
}

/** What stands beside a region: its price, and where sound goes. @param {EndpointState} endpoint @param {string} id @param {Translate} t */
export function noteText({ prices, hosts }, id, t) {
  return [priceText(prices[id], t), t("transcriber.endpoint.host", { host: hosts[id] ?? "" })].join(" · ");
}

/** That sound leaves this computer, and where to. @param {EndpointState} endpoint @param {Translate} t */
export function leavesText({ goes_to: hosts }, t) {
  return t("transcriber.leaves", { hosts: hosts.join(t("run.comma")) });
}

/** @param {number | null} pace @param {Translate} t */
export function paceText(pace, t) {
  if (pace === null) return t("transcriber.pace.free");
  return pace === 1 ? t("transcriber.pace.real") : t("transcriber.pace.times", { pace });
}

/** A share in percent, as error rates are stated. @param {number} share */
export function percentText(share) {
  return `${(100 * share).toFixed(1)} %`;
}

/** How far the words are from what was said; empty where nothing was corrected. @param {Kernel} kernel @param {Translate} t */
export function judgedText({ judged }, t) {
  return judged ? t("transcriber.judged", { ...judged, rate: percentText(judged.rate) }) : "";
}

/** The few figures of the foot. @param {Figures} figures @param {Translate} t */
export function figuresText(figures, t) {
  const { count = 0, n = 0, median = null, p95 = null, longest = null, pace = null } = figures;
  const { left_out: leftOut = 0, off_pace: offPace = 0 } = figures;
  const why = [];
  if (leftOut) why.push(t("run.leftOut", { count: leftOut }));
  if (offPace) why.push(t("run.offPace", { count: offPace }));
  const said = [t("transcript.count", { count })];
  if (n && median !== null && longest !== null) {
    const worst = n >= MANY && p95 !== null ? ["95 %", p95] : [t("transcriber.longest"), longest];
    said.push(t("transcriber.final", {
      median: duration(median, t), worst: worst[0], other: duration(Number(worst[1]), t), n,
      pace: [paceText(pace, t), ...why].join(t("run.comma")),
    }));
  } else if (count && pace !== 1) said.push(t("transcriber.final.none", { pace: paceText(pace, t) }));
  else said.push(...why);
  return said;
}

/**
 * The one line of what is out of the ordinary or takes time; empty when there is nothing to say.
 * @param {Kernel} kernel @param {Translate} t
 */
export function statusText(kernel, t) {
  const said = [];
  if (kernel.outage) said.push(...outageText(kernel.outage, t));
  else if (kernel.preparing) said.push(preparingText(kernel.preparing, t));
  else if (kernel.phase === "connecting") said.push(t("transcriber.connecting", { name: endpointText(kernel.endpoint, t) }));
  if (kernel.slow_line) said.push(t("transcriber.slowLine"));
  if (kernel.renewing && !kernel.outage) said.push(t("transcriber.renewing"));
  if (kernel.silent > 0) said.push(t("transcriber.silent", { seconds: kernel.silent }));
  if (kernel.phase === "finishing") said.push(t("transcriber.finishing"));
  if (kernel.behind > 0) said.push(t("transcriber.behind", { seconds: kernel.behind }));
  if (kernel.slow > 0) said.push(t("transcriber.slow", { seconds: kernel.slow }));
  if (kernel.lost > 0) said.push(t("transcriber.lost", { seconds: kernel.lost.toFixed(1) }));
  if (kernel.clipped) said.push(t("transcriber.clipped"));
  return inOneLine(said);
}

/**
 * What there is to say, in one line: a dot in the middle between phrases, none after a full stop.
 * @param {string[]} said empty ones are left out
 */
export function inOneLine(said) {
  const join = (/** @type {string} */ line, /** @type {string} */ one) => `${line}${/[.。]$/.test(line) ? " " : " · "}${one}`;
  const phrases = said.filter(Boolean);
  return phrases.length ? phrases.reduce(join) : "";
}

/**
 * What the recogniser is getting ready by.
 * @param {NonNullable<Kernel["preparing"]>} preparing @param {Translate} t
 */
function preparingText({ kind, name, megabytes }, t) {
  if (kind === "loading") return t("transcriber.preparing.loading", { name: recognizerName(name, t) });
  const size = megabytes === null ? "" : sizeText(megabytes, t);
  return t(size ? "transcriber.preparing.fetching.size" : "transcriber.preparing.fetching", { name, size });
}

/**
 * That a lost connection is taken up again, and what waits for it.
 * @param {{tries: number, waiting: number}} outage
 * @param {Translate} t
 */
function outageText({ tries, waiting }, t) {
  const said = [t("transcriber.reconnecting", { tries })];
  if (waiting > 0) said.push(t("transcriber.reconnecting.waiting", { seconds: waiting }));
  return said;
}

/**
 * What a microphone or a file held up is doing, in a word; empty when nothing is recorded or held up.
 * @param {Pick<Kernel, "paused">} kernel @param {State["phase"]} phase of the capture in this page @param {Translate} t
 */
export function captureText({ paused }, phase, t) {
  if (phase === "paused" || paused) return t("mic.said.paused");
  return phase === "recording" ? t("mic.said.recording") : "";
}

/**
 * What a notice says, true in the state in which it stands.
 * @param {Kernel} kernel @param {Pick<State, "phase" | "seconds">} capture in this page
 * @param {boolean} elsewhere another page records @param {Translate} t
 * @returns {{title: string, text: string} | null}
 */
export function noticeText(kernel, capture, elsewhere, t) {
  const { notice } = kernel;
  if (notice === null) return null;
  const { code, since, unsent } = notice;
  if (code === "unanswered") {
    const seconds = unsent.toFixed(1);
    const key = seconds === "0.0" ? "text" : "unsent";
    return { title: t(`transcriber.problem.${code}`), text: t(`transcriber.problem.${code}.${key}`, { time: clock(since), seconds }) };
  }
  if (code === "reported" && !isRunning(kernel)) {
    return { title: t("transcriber.problem.service"), text: t("transcriber.problem.reported.past") };
  }
  if (code === "model") return modelNotice(notice, t);
  const text = code === "nokey" && !kernel.endpoint.dashscope ? "nokey.other" : code;
  const said = [t(`transcriber.problem.${text}.text`, { name: endpointText(kernel.endpoint, t) })];
  const title = problemTitle(notice, t);
  if (UNHARMED.includes(code)) return { title, text: said.join(" ") };
  const failed = kernel.phase === "failed" && kernel.source === "mic";
  const kept = failed ? capture.seconds : notice.kept;
  if (failed && (capture.phase === "recording" || elsewhere)) said.push(t("transcriber.goesOn"));
  else if (kept > 0) said.push(kernel.source === "mic" ? t("mic.kept", { time: clock(kept) }) : t("transcriber.kept"));
  return { title, text: said.join(" ") };
}

/** That a model is to be downloaded: which, how large, from where and where to. @param {Notice} notice @param {Translate} t */
function modelNotice({ about = {} }, t) {
  const { name = "", megabytes = null, source = "", folder = "" } = about;
  const shown = megabytes === null ? name : `${name} (${sizeText(megabytes, t)})`;
  return { title: t("transcriber.problem.model", { model: shown }), text: t("transcriber.problem.model.text", { source, folder }) };
}

/** What is about something else than the run on show. */
/** @type {NoticeCode[]} */
const UNHARMED = ["settings", "file", "empty", "missing", "endpoint", "fetch"];
/** What can name the file it is about. */
const NAMED = /** @type {const} */ (["file", "empty", "missing"]);
const UNITS = /** @type {const} */ ({ threshold: "", silence_duration_ms: "ms", prefix_padding_ms: "ms" });
const SETTINGS = /** @type {(keyof typeof UNITS)[]} */ (Object.keys(UNITS));

/**
 * What went wrong in one sentence, with the name of the file, or the setting's value and range.
 * @param {Notice} notice
 * @param {Translate} t
 */
function problemTitle({ code, about = {} }, t) {
  const { name, param = "", value, low, high } = about;
  const setting = SETTINGS.find((one) => one === param);
  if (setting) {
    const unit = UNITS[setting] && ` ${t("common.ms")}`;
    return t("transcriber.problem.settings.range", {
      setting: t(`transcriber.setting.${setting}`), value: `${value}${unit}`, low: String(low), high: `${high}${unit}`,
    });
  }
  const named = NAMED.find((one) => one === code);
  return named && name ? t(`transcriber.problem.${named}.named`, { name }) : t(`transcriber.problem.${code}`);
}

/** How far a file is. @param {Kernel} kernel @param {Translate} t */
export function progressText(kernel, t) {
  const done = clock((kernel.progress ?? 0) * kernel.total, 0);
  return t("transcriber.progress", { done, total: clock(kernel.total, 0), pace: paceText(kernel.pace, t) });
}

/** How much of a file the kernel has taken, in [0, 1]. @param {{size: number, taken: number}} file */
export function readShare({ size, taken }) {
  return size > 0 ? Math.min(1, taken / size) : 0;
}

/** The same in words. @param {number | null} share @param {Translate} t */
export function readText(share, t) {
  if (share === 1) return t("transcriber.reading.decoding");
  return t("transcriber.reading.share", { percent: Math.floor(100 * (share ?? 0)) });
}

/** That a file is being read, and what comes then. @param {{name: string}} file @param {Translate} t */
export function readingText({ name }, t) {
  return t(/\.qasr$/i.test(name) ? "transcriber.reading.recording" : "transcriber.reading.sound", { name });
}

/**
 * What is being sent that is not spoken now, and how long that takes; empty where nothing is.
 * @param {Kernel} kernel @param {Translate} t
 */
export function sendingText(kernel, t) {
  const { phase, source, pace, title, total, waiting } = kernel;
  if (source !== "file" || waiting || (phase !== "connecting" && phase !== "live")) return "";
  const name = title || t("transcriber.sending.sound");
  if (pace === null) return t("transcriber.sending.free", { name });
  const time = clock(total / pace, 0);
  return pace === 1 ? t("transcriber.sending.real", { name, time }) : t("transcriber.sending", { name, pace: paceText(pace, t), time });
}

/**
 * How words come while a page records, for the line under the bar where there is nothing else to say.
 * @param {Kernel} kernel @param {Translate} t
 */
export function liveText({ phase, config }, t) {
  return phase === "live" ? t(`transcriber.going.${config.turns}`, { silence: config.silence }) : "";
}

/**
 * The ways on from a notice.
 * @param {NoticeCode} code @param {boolean} sound whether there is sound to send again
 * @returns {Way[]}
 */
export function waysOn(code, sound) {
  if (code === "file" || code === "empty" || code === "missing") return ["open", "dismiss"];
  if (code === "settings" || code === "reported") return ["dismiss"];
  if (code === "refused") return ["settings", "retry", "endpoint"];
  if (code === "endpoint") return ["endpoint", "dismiss"];
  if (code === "uninstalled") return ["endpoint"];
  if (code === "model" || code === "fetch") return ["fetch", "endpoint"];
  if (code === "unanswered" || code === "chosen") return ["retry", "dismiss"];
  const again = sound ? /** @type {const} */ (["retry"]) : [];
  if (code === "key" || code === "nokey") return ["key", ...again, "open"];
  return [...again, "endpoint", "open"];
}

/**
 * Collects the slices of a file; the whole once the last has come.
 * @param {{slices: number, parts: (ArrayBuffer | undefined)[]}} job @param {number} slice @param {DataView} view
 * @returns {ArrayBuffer[] | null}
 */
export function takeSlice(job, slice, view) {
  const bytes = new Uint8Array(view.byteLength);
  bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  job.parts[slice] = bytes.buffer;
  const parts = /** @type {ArrayBuffer[]} */ (job.parts.filter(Boolean));
  return parts.length === job.slices ? parts : null;
}
